#include "app/cli/bench/TrainingBench.h"
#include "app/cli/bench/ViewerBench.h"
#include "app/cli/InfoCommand.h"
#include "app/cli/JobsCommand.h"
#include "app/engine_module/EngineModule.h"
#include "app/engine_module/PredictPlan.h"
#include "viewer/base/Process.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include <QCoreApplication>

using namespace spotglass;

namespace {

using Action = std::function<Result<void>()>;

/// The matrix library comes with the module, so its kernels are chosen just before.
Result<EngineModule*> openModule() {
    chooseFastMatrixLibrary(MatrixChoice::Now);
    return loadEngineModule();
}

/// Calls a command of the Torch-side module, which is opened only now.
template <typename Options>
Action inModule(Result<void> (EngineModule::*command)(const Options&), const Options& options) {
    return [command, &options]() -> Result<void> {
        auto module = openModule();
        if (!module) return Failure(module.error());
        return ((*module)->*command)(options);
    };
}

struct Commands {
    Action action;
    std::filesystem::path slide, model;
    bool json = false;
    AuditOptions audit;
    PredictOptions predict;
    PanelOptions panel;
    TrainOptions train;
    CrossvalidateOptions crossvalidate;
    ExperimentOptions experiment;
    EvaluateOptions evaluate;
    MetricsOptions metrics;
    ReplayOptions replay;
    ImportOptions importing;
    JoinOptions join;
    SynthOptions synth;
    ViewerBenchOptions viewerBench;
    EncoderAddOptions encoderAdd;
    EncoderListOptions encoderList;
    EncoderRemoveOptions encoderRemove;
    EncoderEmbedOptions encoderEmbed;
    DevicesOptions devices;
    JobsOptions jobs;
    InferenceBenchOptions inferenceBench;
};

constexpr const char* deviceHelp = "auto (the best that works), cpu, cuda or cuda:N";

/// Device and precision, alike for all commands that compute.
template <typename Options> void addComputing(CLI::App& command, Options& options) {
    command.add_option("--device", options.device, deviceHelp)->capture_default_str();
    command.add_option("--precision", options.precision, "Numbers of the products: fp32, bf16 or fp16")
        ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
        ->capture_default_str();
}

template <typename Options>
void addShard(CLI::App& command, Options& options, const std::string& description) {
    command.add_option_function<std::string>(
        "--shard",
        [&options](const std::string& text) {
            const auto shard = parseShard(text);
            if (!shard) throw CLI::ValidationError("--shard", shard.error().sentence());
            options.shard = shard->part;
            options.shards = shard->parts;
        },
        description);
}

void addPredictComputing(CLI::App& predict, PredictOptions& o) {
    addComputing(predict, o);
    predict.add_option("--batch", o.batch, "Patches and spots at a time (default: found by trial)")
        ->check(CLI::Range(1, 4096));
    predict.add_option("--encoder", o.encoder,
                       "Weights of the model's image encoder, where it is not known yet");
    predict.add_option("--cache", o.cache, "Folder where features and predictions are kept between runs")
        ->capture_default_str();
    predict.add_flag_callback(
        "--no-cache", [&o] { o.cache.clear(); }, "Keep nothing, use nothing kept");
    predict.add_flag("--whole-slide-context", o.wholeSlideContext,
                     "Every spot attends to the whole slide's tissue, not to a window; costs much more");
    predict.add_flag("--json", o.json, "A report of the run as one JSON document on standard output");
}

void addSlideCommands(CLI::App& app, Commands& c) {
    auto* info = app.add_subcommand("info", "What a slide says about itself");
    info->add_option("slide", c.slide, "Whole-slide image")->required();
    info->add_flag("--json", c.json, "One JSON document on standard output");
    info->callback([&c] { c.action = [&c] { return runInfo(c.slide, c.json); }; });

    auto* predict =
        app.add_subcommand("predict", "Predict expression, on a lattice over the tissue or at given spots");
    predict->add_option("slides", c.predict.slides, "Whole-slide images")->required();
    predict->add_option("--model", c.predict.model, "Model file")->required();
    auto* spots =
        predict->add_option("--spots", c.predict.spots, "Spot file (legacy ST), or a folder of them");
    predict->add_option("--pitch-um", c.predict.pitchMicrons, "Spacing of the lattice in micrometres")
        ->excludes(spots)
        ->check(CLI::PositiveNumber);
    predict->add_option("--genes", c.predict.genes, "Only these genes, separated by commas")->delimiter(',');
    predict->add_option("--mpp", c.predict.micronsPerPixel, "Micrometres per pixel at full resolution")
        ->check(CLI::Range(0.01, 50.0));
    predict
        ->add_option("-o,--output", c.predict.output,
                     "Table (.csv), or a folder for several slides and for --shard")
        ->required();
    addShard(*predict, c.predict,
             "I/N: only every N-th slide of the list, beginning with the I-th; I from 1 to N");
    predict->add_flag("--skip-existing", c.predict.skipExisting,
                      "Leave out slides whose table is there already, whatever model it is of");
    addPredictComputing(*predict, c.predict);
    predict->callback([&c, shard = predict->get_option("--shard")] {
        c.predict.intoFolder = shard->count() > 0;
        c.action = inModule(&EngineModule::predict, c.predict);
    });
}

void addEncoderCommands(CLI::App& app, Commands& c) {
    auto* encoder =
        app.add_subcommand("encoder", "Frozen image encoders: weights that models need beside them");
    encoder->require_subcommand(1);
    auto* add =
        encoder->add_subcommand("add", "Make an encoder known: checks its weights and remembers them");
    add->add_option("weights", c.encoderAdd.weights,
                    "Weights: .safetensors, or a PyTorch or TorchScript file")
        ->required();
    add->add_option("--name", c.encoderAdd.name, "The name that models use, for example uni");
    add->add_option("--config", c.encoderAdd.config, "Its configuration (timm's config.json)");
    add->add_option("--trust", c.encoderAdd.trusted,
                    "Run this TorchScript program; the sha256 of the file that you trust");
    add->add_option("--mpp", c.encoderAdd.micronsPerPixel, "Micrometres per pixel it was trained at");
    add->add_flag("--json", c.encoderAdd.json, "One JSON document on standard output");
    add->callback([&c] { c.action = inModule(&EngineModule::addEncoder, c.encoderAdd); });
    auto* list = encoder->add_subcommand("list", "The encoders that are known");
    list->add_flag("--json", c.encoderList.json, "One JSON document on standard output");
    list->callback([&c] { c.action = inModule(&EngineModule::listEncoders, c.encoderList); });
    auto* remove = encoder->add_subcommand("remove", "Forget an encoder; its file stays");
    remove->add_option("name", c.encoderRemove.name, "Its name")->required();
    remove->callback([&c] { c.action = inModule(&EngineModule::removeEncoder, c.encoderRemove); });
    auto* embed = encoder->add_subcommand("embed", "Features of given patches");
    embed->add_option("encoder", c.encoderEmbed.encoder, "A known encoder's name, or a file of weights")
        ->required();
    embed
        ->add_option("--patches", c.encoderEmbed.patches,
                     "Patches (.safetensors): B x 3 x H x W floats from 0 to 1, or B x H x W x 3 bytes")
        ->required();
    embed->add_option("--config", c.encoderEmbed.config, "Configuration of a file of weights");
    embed->add_option("--trust", c.encoderEmbed.trusted, "As for encoder add");
    embed->add_option("--batch", c.encoderEmbed.batch, "Patches at a time")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    embed->add_option("-o,--output", c.encoderEmbed.output, "Features (.safetensors)")->required();
    addComputing(*embed, c.encoderEmbed);
    embed->callback([&c] { c.action = inModule(&EngineModule::embed, c.encoderEmbed); });
    auto* devices = app.add_subcommand("devices", "Which processors can be used, and how fast they are");
    devices->add_flag("--json", c.devices.json, "One JSON document on standard output");
    devices->callback([&c] { c.action = inModule(&EngineModule::devices, c.devices); });
}

constexpr const char* cohortHelp = "Folder with ST-imgs, ST-cnts and ST-spotfiles, Space Ranger output "
                                   "folder or a folder of them, .h5ad file or "
                                   "a folder of them, or manifest (.csv)";

/// What crossvalidate and experiment have in common.
void addFolds(CLI::App& command, CrossvalidateOptions& o) {
    command.add_option("--cohort", o.cohort, "Folder or manifest of the cohort")->required();
    command.add_option("--by", o.by, "What is held out: patient, or section where there is one patient")
        ->check(CLI::IsMember({"patient", "section"}));
    command.add_flag("--same-patient", o.samePatient,
                     "By section although there are several patients: a patient then is on both sides");
    command.add_option("--folds", o.folds, "So many groups of patients instead of one at a time")
        ->check(CLI::Range(2, 100));
    addShard(command, o, "I/N: train only every N-th fold, beginning with the I-th; --resume collects all");
    command
        .add_option("--epoch-by", o.epochBy,
                    "Who chooses the epoch: inner (sections that are not reported), or reported, as the "
                    "published reference does; the results then say so")
        ->check(CLI::IsMember({"inner", "reported"}))
        ->capture_default_str();
    command.add_option("--device", o.device, deviceHelp)->capture_default_str();
    command.add_flag("--resume", o.resume, "Take over the trainings that the output folder holds already");
    command.add_option("-o,--output", o.output, "Folder of the folds")->required();
    command.add_flag("--json", o.json, "One JSON document on standard output");
}

void addTrainingCommands(CLI::App& app, Commands& c) {
    auto* audit =
        app.add_subcommand("audit", "What is in a cohort and what is wrong with it, before training");
    audit->add_option("cohort", c.audit.cohort, cohortHelp)->required();
    audit->add_option("--sections", c.audit.sections, "Only these sections, separated by commas")
        ->delimiter(',');
    auto* auditJson = audit->add_flag("--json", c.audit.json, "One JSON document on standard output");
    audit->add_flag("--spots", c.audit.spots, "Where each spot lies, in the JSON document")->needs(auditJson);
    audit->callback([&c] { c.action = inModule(&EngineModule::audit, c.audit); });

    auto* panel = app.add_subcommand("panel", "Choose the gene panel of a training configuration");
    panel->add_option("--cohort", c.panel.cohort,
                      std::string(cohortHelp) + "; where the configuration does not name it");
    panel->add_option("--config", c.panel.config, "Configuration (JSON)")->required();
    panel->add_option("--values", c.panel.values,
                      "Folder for the measured expression of the panel, a table (CSV) a section");
    panel->add_flag("--json", c.panel.json, "Genes, scores and files as JSON");
    panel->callback([&c] { c.action = inModule(&EngineModule::panel, c.panel); });

    auto* train = app.add_subcommand("train", "Train a model on a cohort");
    train->add_option("--cohort", c.train.cohort,
                      std::string(cohortHelp) + "; where the configuration does not name it");
    train->add_option("--config", c.train.config, "Configuration (JSON)")->required();
    train->add_option("--train-sections", c.train.trainSections, "Sections to train on, separated by commas")
        ->delimiter(',');
    train
        ->add_option("--validation-sections", c.train.validationSections, "Sections that decide when to stop")
        ->delimiter(',');
    train
        ->add_option("--report-sections", c.train.reportSections,
                     "Sections that take no part; the model is judged on them at the end")
        ->delimiter(',');
    train->add_flag("--same-patient", c.train.samePatient,
                    "A patient may have sections that train and sections that are set aside");
    train->add_option("--device", c.train.device, deviceHelp)->capture_default_str();
    train->add_flag("--resume", c.train.resume, "Go on from the checkpoint in the output");
    auto* estimate = train->add_flag("--estimate", c.train.estimate,
                                     "Only take some steps, and say what the training would take");
    train->add_flag("--json", c.train.json, "The estimate as JSON on standard output")->needs(estimate);
    train->add_option("--give-way", c.train.giveWay,
                      "Wait between steps while another program holds a lock (flock) on this file");
    auto* output = train->add_option("-o,--output", c.train.output, "Folder of the run");
    train->callback([&c, output] {
        if (!c.train.estimate && output->empty()) throw CLI::RequiredError("--output");
        c.action = inModule(&EngineModule::train, c.train);
    });

    auto* folds = app.add_subcommand("crossvalidate", "Train and judge a model on every patient or section");
    folds->add_option("--config", c.crossvalidate.config, "Configuration (JSON)")->required();
    addFolds(*folds, c.crossvalidate);
    folds->callback([&c] { c.action = inModule(&EngineModule::crossvalidate, c.crossvalidate); });

    auto* experiment = app.add_subcommand(
        "experiment",
        "Cross-validate several configurations; prints the table in which methods are published");
    experiment->add_option("--grid", c.experiment.config, "Base configuration, rows and grid (JSON)")
        ->required();
    addFolds(*experiment, c.experiment);
    experiment->callback([&c] { c.action = inModule(&EngineModule::experiment, c.experiment); });

    auto* evaluate = app.add_subcommand("evaluate", "Compare a model's predictions with measured sections");
    evaluate->add_option("--model", c.evaluate.model, "Model file")->required();
    evaluate->add_option("--cohort", c.evaluate.cohort, cohortHelp)->required();
    evaluate->add_option("--sections", c.evaluate.sections, "Only these sections, separated by commas")
        ->delimiter(',');
    evaluate->add_option("--feature-cache", c.evaluate.featureCache,
                         "Folder where frozen features are kept between runs");
    evaluate->add_flag("--shuffle-images", c.evaluate.shuffleImages,
                       "Hand every spot another spot's tissue: what is left is read from position");
    evaluate->add_option("--csv", c.evaluate.csv,
                         "Table of the genes: correlation with its 95 % interval, errors, Moran's I");
    evaluate->add_flag("--json", c.evaluate.json, "One JSON document on standard output");
    evaluate->callback([&c] { c.action = inModule(&EngineModule::evaluate, c.evaluate); });

    auto* metrics = app.add_subcommand("metrics", "The published metrics of measured and predicted tables");
    metrics->add_option("folder", c.metrics.folder, "Folder with sections.safetensors and expected.json")
        ->required();
    metrics->add_flag("--json", c.metrics.json, "One JSON document on standard output");
    metrics->callback([&c] { c.action = inModule(&EngineModule::metrics, c.metrics); });

    auto* synth =
        app.add_subcommand("synth", "Make a synthetic cohort: tissue whose morphology drives the expression");
    synth->add_option("-o,--output", c.synth.output, "Folder of the cohort")->required();
    synth->add_option("--sections", c.synth.sections, "How many sections")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    synth->add_option("--size", c.synth.pixels, "Side of a section's image in pixels")
        ->check(CLI::Range(1024, 12000))
        ->capture_default_str();
    synth->add_option("--seed", c.synth.seed, "Seed of the random numbers")->capture_default_str();
    synth->callback([&c] { c.action = inModule(&EngineModule::synth, c.synth); });
}

void addBenchCommands(CLI::App& app, Commands& c) {
    auto* bench = app.add_subcommand("bench", "Measure this machine; JSON on standard output");
    bench->require_subcommand(1);
    auto* viewer =
        bench->add_subcommand("viewer", "How fast tiles of a slide become pictures for the screen");
    viewer->add_option("slide", c.viewerBench.slide, "Whole-slide image")->required();
    viewer->add_option("--threads", c.viewerBench.threads, "Reading threads")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    viewer->add_option("--seconds", c.viewerBench.seconds, "Length of each measurement")
        ->check(CLI::Range(0.05, 60.0))
        ->capture_default_str();
    viewer->add_option("--rounds", c.viewerBench.rounds, "Measurements of each kind; their median is told")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    viewer->callback([&c] { c.action = [&c] { return runViewerBench(c.viewerBench); }; });
    auto& o = c.inferenceBench;
    auto* inference =
        bench->add_subcommand("inference", "How fast spots are predicted, and what would be possible");
    inference->add_option("slide", o.slide, "Whole-slide image; without one a made-up slide");
    inference->add_option("--model", o.model, "Model file; without one a DKAN of the published size");
    inference
        ->add_option("--encoder", o.encoder,
                     "Where there is no model file: a known encoder, or an architecture with random weights")
        ->capture_default_str();
    inference->add_option("--spots", o.spots, "Spots of the pipeline's measurement")
        ->check(CLI::Range(4, 100000))
        ->capture_default_str();
    inference->add_option("--repeats", o.repeats, "Measurements of each kind; median and spread are told")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    inference->add_option("--seconds", o.seconds, "At least so long for each measurement")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str();
    auto* training = bench->add_subcommand(
        "training", "What a training step costs beside a plain implementation; options as of bench_training");
    training->allow_extras();
    training->callback([&c, training] {
        c.action = [arguments = training->remaining()] { return runTrainingBench(arguments); };
    });
    addComputing(*inference, o);
    inference->callback([&c] { c.action = inModule(&EngineModule::benchInference, c.inferenceBench); });
}

void addJobCommands(CLI::App& app, Commands& c) {
    auto* jobs = app.add_subcommand("jobs", "The trainings that were started in the window");
    jobs->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, Result<void> (*run)(const JobsOptions&),
                         bool named) {
        auto* command = jobs->add_subcommand(name, help);
        if (named) command->add_option("id", c.jobs.id, "The training, as list shows it")->required();
        command->callback([&c, run] { c.action = [&c, run] { return run(c.jobs); }; });
        return command;
    };
    for (auto* command :
         {add("list", "All of them", runJobsList, false), add("show", "One of them", runJobsShow, true)})
        command->add_flag("--json", c.jobs.json, "One JSON document on standard output");
    add("cancel", "End one; the best model so far is kept", runJobsCancel, true);
}

void addModelCommands(CLI::App& app, Commands& c) {
    auto* model = app.add_subcommand("model", "Model files");
    model->require_subcommand(1);
    auto* info = model->add_subcommand("info", "A model's card");
    info->add_option("model", c.model, "Model file")->required();
    info->add_flag("--json", c.json, "One JSON document on standard output");
    info->callback([&c] {
        c.action = [&c]() -> Result<void> {
            auto module = openModule();
            if (!module) return Failure(module.error());
            return (*module)->modelInfo(c.model, c.json);
        };
    });
    auto* checkpoint = model->add_subcommand("import", "Make a model file of an official checkpoint");
    checkpoint->add_option("checkpoint", c.importing.checkpoint, "Lightning checkpoint (.ckpt)")->required();
    checkpoint->add_option("--genes", c.importing.genes, "Gene symbols in the checkpoint's order, one a line")
        ->required();
    checkpoint->add_option("--text", c.importing.text, "Gene semantic embeddings (.safetensors)")->required();
    checkpoint->add_option("-o,--output", c.importing.output, "Model file")->required();
    checkpoint->callback([&c] { c.action = inModule(&EngineModule::importModel, c.importing); });
    auto* join = model->add_subcommand("join", "Make one model of several, whose prediction is their mean");
    join->add_option("models", c.join.models, "Model files of one configuration and panel")
        ->required()
        ->expected(2, -1);
    join->add_option("-o,--output", c.join.output, "Model file")->required();
    join->callback([&c] { c.action = inModule(&EngineModule::joinModels, c.join); });
    auto* replay = model->add_subcommand("replay", "Compute a folder of golden numbers again");
    replay->add_option("folder", c.replay.folder, "Folder with weights, tensors and expected.json")
        ->required();
    replay->add_option("--precision", c.replay.precision, "fp32 or fp64")
        ->check(CLI::IsMember({"fp32", "fp64"}))
        ->capture_default_str();
    replay->add_option("-o,--output", c.replay.output, "Folder for outputs.safetensors and steps.json")
        ->required();
    replay->callback([&c] { c.action = inModule(&EngineModule::replay, c.replay); });
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Spotglass: see gene expression in an H&E slide. Research use only.", "spotglass-cli");
    app.set_version_flag("--version", SPOTGLASS_VERSION);
    app.require_subcommand(1);
    Commands commands;
    commands.predict.cache = slideCachePath();
    for (auto* workspace :
         {&commands.predict.workspace, &commands.encoderAdd.workspace, &commands.encoderList.workspace,
          &commands.encoderRemove.workspace, &commands.encoderEmbed.workspace,
          &commands.inferenceBench.workspace, &commands.train.workspace, &commands.crossvalidate.workspace,
          &commands.experiment.workspace, &commands.evaluate.workspace, &commands.jobs.workspace})
        *workspace = workspacePath();
    addSlideCommands(app, commands);
    addEncoderCommands(app, commands);
    addTrainingCommands(app, commands);
    addJobCommands(app, commands);
    addModelCommands(app, commands);
    addBenchCommands(app, commands);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const QCoreApplication events(argc, argv);
    const auto done = commands.action();
    if (done) return 0;
    std::fprintf(stderr, "%s\n", done.error().sentence().c_str());
    return done.error().exitCode();
}
