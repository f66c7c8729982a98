#include "app/engine_module/EngineModule.h"
#include "viewer/base/Processors.h"

#include "app/engine_module/Commands.h"
#include "app/engine_module/Guarded.h"
#include "inference/engine/Devices.h"
#include "inference/engine/DkanEngine.h"
#include "inference/engine/PrecisionComparison.h"
#include "inference/model/QuietThreads.h"
#include "inference/model/TorchCompat.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>

namespace spotglass {
namespace {

bool silent = false; ///< say() says nothing

class Factory final : public EngineFactory {
  public:
    Result<std::unique_ptr<PredictionEngine>> openModel(const std::filesystem::path& file,
                                                        const EngineSettings& settings) override {
        return openDkanEngine(file, settings);
    }
    std::vector<DeviceReport> devices(bool measure) override { return examineDevices(measure); }
    std::string whyNoGraphicsProcessor() override { return whyNoCuda(); }
    Result<std::vector<PrecisionReport>> comparePrecisions(const std::filesystem::path& model,
                                                           const EngineSettings& settings,
                                                           std::shared_ptr<const SlideSource> slide,
                                                           MicronsPerPixel scale,
                                                           CancelToken cancel) override {
        return spotglass::comparePrecisions(model, settings, std::move(slide), scale, std::move(cancel));
    }
};

class Module final : public EngineModule {
  public:
    Module() {
        keepComputingThreadsFromSpinning();
        at::set_num_threads(availableProcessors()); // LibTorch starts with one thread here
    }
    EngineFactory& engines() override { return factory_; }
    Result<void> predict(const PredictOptions& o) override {
        return guarded([&] { return runPredict(o); });
    }
    Result<void> audit(const AuditOptions& o) override {
        return guarded([&] { return runAudit(o); });
    }
    Result<void> panel(const PanelOptions& o) override {
        return guarded([&] { return runPanel(o); });
    }
    Result<void> train(const TrainOptions& o) override {
        return guarded([&] { return runTrain(o); });
    }
    Result<void> crossvalidate(const CrossvalidateOptions& o) override {
        return guarded([&] { return runCrossvalidate(o); });
    }
    Result<void> experiment(const ExperimentOptions& o) override {
        return guarded([&] { return runExperiment(o); });
    }
    Result<void> evaluate(const EvaluateOptions& o) override {
        return guarded([&] { return runEvaluate(o); });
    }
    Result<void> metrics(const MetricsOptions& o) override {
        return guarded([&] { return runMetrics(o); });
    }
    Result<void> replay(const ReplayOptions& o) override {
        return guarded([&] { return runReplay(o); });
    }
    Result<void> importModel(const ImportOptions& o) override {
        return guarded([&] { return runImport(o); });
    }
    Result<void> joinModels(const JoinOptions& o) override {
        return guarded([&] { return runJoin(o); });
    }
    Result<void> modelInfo(const std::filesystem::path& m, bool j) override {
        return guarded([&] { return runModelInfo(m, j); });
    }
    Result<void> addEncoder(const EncoderAddOptions& o) override {
        return guarded([&] { return runEncoderAdd(o); });
    }
    Result<void> listEncoders(const EncoderListOptions& o) override {
        return guarded([&] { return runEncoderList(o); });
    }
    Result<void> removeEncoder(const EncoderRemoveOptions& o) override {
        return guarded([&] { return runEncoderRemove(o); });
    }
    Result<void> embed(const EncoderEmbedOptions& o) override {
        return guarded([&] { return runEncoderEmbed(o); });
    }
    Result<void> devices(const DevicesOptions& o) override {
        return guarded([&] { return runDevices(o); });
    }
    Result<void> benchInference(const InferenceBenchOptions& o) override {
        return guarded([&] { return runInferenceBench(o); });
    }
    Result<void> synth(const SynthOptions& o) override {
        return guarded([&] { return runSynth(o); });
    }

  private:
    Factory factory_;
};

} // namespace

CancelToken cancelOnInterrupt() {
    static const CancelToken token;
    std::signal(SIGINT, [](int) {
        token.cancel();
        std::signal(SIGINT, SIG_DFL);
    });
    return token;
}

void say(const std::string& sentence) {
    if (!silent) std::fprintf(stderr, "%s\n", sentence.c_str());
}

void sayNothing() {
    silent = true;
}

void printJson(const nlohmann::json& document) {
    std::printf("%s\n", document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
    return text;
}

std::string threeDecimals(double value) {
    if (!std::isfinite(value)) return "-";
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

} // namespace spotglass

extern "C" __attribute__((visibility("default"))) spotglass::EngineModule* spotglass_engine_module() {
    static spotglass::Module module;
    return &module;
}
