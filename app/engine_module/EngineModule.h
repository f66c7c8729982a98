#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The door between the programs and everything that links LibTorch. The module (lib/spotglass_engine.so) is
/// opened at run time, so that a slide is on the screen before LibTorch is loaded, and the viewer works
/// without it.
namespace spotglass {

class EngineFactory;

struct PredictOptions {
    std::vector<std::filesystem::path> slides;
    std::filesystem::path model, output, spots;
    std::optional<double> pitchMicrons, micronsPerPixel;
    std::vector<std::string> genes; ///< empty: the whole panel
    int shard = 1, shards = 1;      ///< only every shards-th slide, beginning with the shard-th (from 1)
    bool intoFolder = false;        ///< the output is a folder even for one slide; for several it always is
    bool skipExisting = false;      ///< leave out slides whose table is there already
    std::string device = "auto", precision = "fp32";
    int batch = 0;                   ///< patches and spots given to the device at a time; 0: found by trial
    std::filesystem::path cache;     ///< where features and predictions are kept; empty: nowhere
    std::filesystem::path workspace; ///< which knows frozen encoders; may be empty
    std::filesystem::path encoder;   ///< weights of the model's frozen encoder, instead of the workspace's
    bool wholeSlideContext = false;
    bool json = false; ///< a report of the run on standard output
};
struct EncoderAddOptions {
    std::filesystem::path workspace, weights, config;
    std::string name, trusted; ///< trusted: sha256 of a TorchScript program that may run
    std::optional<double> micronsPerPixel;
    bool json = false;
};
struct EncoderListOptions {
    std::filesystem::path workspace;
    bool json = false;
};
struct EncoderRemoveOptions {
    std::filesystem::path workspace;
    std::string name;
};
struct EncoderEmbedOptions {
    std::filesystem::path workspace, patches, output;
    std::string encoder; ///< a name, or a file of weights
    std::filesystem::path config;
    std::string trusted, device = "auto", precision = "fp32";
    int batch = 8;
};
struct DevicesOptions {
    bool json = false;
};
struct InferenceBenchOptions {
    std::filesystem::path slide, model; ///< empty: a made-up slide; a published-size DKAN of random weights
    std::filesystem::path workspace;
    std::string encoder = "vit_large_patch16_224"; ///< a name, or an architecture of random weights
    std::string device = "auto", precision = "fp32";
    int spots = 64;
    int repeats = 5;
    double seconds = 2; ///< at least, of each measurement
};
/// What is empty here is taken from the configuration.
struct TrainOptions {
    std::filesystem::path cohort, config, output;
    std::filesystem::path workspace; ///< which knows frozen encoders; may be empty
    std::vector<std::string> trainSections, validationSections, reportSections;
    bool samePatient = false;      ///< a patient may have sections that train and sections that are set aside
    bool resume = false;           ///< go on from the checkpoint in the output
    bool estimate = false;         ///< only some steps, to say what the training will take
    bool json = false;             ///< the estimate on standard output
    std::filesystem::path giveWay; ///< training waits while another program holds this file; may be empty
    std::string device = "auto";
};
struct PanelOptions {
    std::filesystem::path cohort, config;
    std::filesystem::path values; ///< folder for a table of measured expression a section; may be empty
    bool json = false;
};
struct CrossvalidateOptions {
    std::filesystem::path cohort, config, output;
    std::filesystem::path workspace; ///< which knows frozen encoders; may be empty
    std::string by = "patient";      ///< or "section"
    bool samePatient = false;        ///< by section although there are several patients
    int folds = 0;                   ///< groups of patients; 0: one patient or section at a time
    int shard = 1, shards = 1;     ///< train only every shards-th fold, beginning with the shard-th (from 1)
    std::string epochBy = "inner"; ///< who chooses the epoch: or "reported", as the reference does
    bool resume = false;           ///< take over what the output holds already
    std::string device = "auto";
    bool json = false;
};
/// `config` is the grid.
struct ExperimentOptions : CrossvalidateOptions {};
struct AuditOptions {
    std::filesystem::path cohort;
    std::vector<std::string> sections; ///< all when empty
    bool spots = false;                ///< where each spot lies, in the JSON document
    bool json = false;
};
struct EvaluateOptions {
    std::filesystem::path model, cohort;
    std::filesystem::path workspace; ///< which knows frozen encoders; may be empty
    std::vector<std::string> sections;
    std::filesystem::path featureCache; ///< optional folder where frozen features are kept between runs
    std::filesystem::path csv;          ///< optional table of the genes
    bool shuffleImages =
        false; ///< hand every spot another spot's tissue: how much is read from position alone
    bool json = false;
};
struct MetricsOptions {
    std::filesystem::path folder;
    bool json = false;
};
struct ReplayOptions {
    std::filesystem::path folder, output;
    std::string precision = "fp32"; ///< fp32 or fp64
};
struct ImportOptions {
    std::filesystem::path checkpoint, genes, text, output;
};
struct JoinOptions {
    std::vector<std::filesystem::path> models;
    std::filesystem::path output;
};
struct SynthOptions {
    std::filesystem::path output;
    int sections = 4;
    int pixels = 4096; ///< side of each square section image
    std::uint64_t seed = 1;
};

/// Everything the programs ask of the Torch side. Calls block. `json` documents go to standard output, all
/// else to standard error.
class EngineModule {
  public:
    virtual ~EngineModule() = default;
    virtual EngineFactory& engines() = 0;
    virtual Result<void> predict(const PredictOptions& options) = 0;
    /// Some seconds a section. BadInput when the audit has errors.
    virtual Result<void> audit(const AuditOptions& options) = 0;
    /// Chooses the gene panel of a training configuration, and nothing else.
    virtual Result<void> panel(const PanelOptions& options) = 0;
    virtual Result<void> train(const TrainOptions& options) = 0;
    virtual Result<void> crossvalidate(const CrossvalidateOptions& options) = 0;
    virtual Result<void> experiment(const ExperimentOptions& options) = 0;
    virtual Result<void> evaluate(const EvaluateOptions& options) = 0;
    virtual Result<void> metrics(const MetricsOptions& options) = 0;
    virtual Result<void> replay(const ReplayOptions& options) = 0;
    virtual Result<void> importModel(const ImportOptions& options) = 0;
    virtual Result<void> joinModels(const JoinOptions& options) = 0;
    virtual Result<void> modelInfo(const std::filesystem::path& model, bool json) = 0;
    virtual Result<void> addEncoder(const EncoderAddOptions& options) = 0;
    virtual Result<void> listEncoders(const EncoderListOptions& options) = 0;
    virtual Result<void> removeEncoder(const EncoderRemoveOptions& options) = 0;
    virtual Result<void> embed(const EncoderEmbedOptions& options) = 0;
    virtual Result<void> devices(const DevicesOptions& options) = 0;
    virtual Result<void> benchInference(const InferenceBenchOptions& options) = 0;
    virtual Result<void> synth(const SynthOptions& options) = 0;
};

/// Opens the module beside the program (../lib/spotglass_engine.so). Blocking (LibTorch takes most of a
/// second). The module stays loaded until the process ends. Kind Device with a sentence when it cannot be
/// opened.
[[nodiscard]] Result<EngineModule*> loadEngineModule();

} // namespace spotglass
