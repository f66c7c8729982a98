#pragma once

#include "app/desktop/Options.h"
#include "viewer/base/Result.h"

#include <QObject>

namespace spotglass {

class MainWindow;
class PredictionService;

/// Carries out what the command line asked for, step by step as the window reports back: slide, view, model,
/// gene, prediction, picture. GUI thread only; nothing blocks except writing the picture at the end.
class Session : public QObject {
    Q_OBJECT

  public:
    /// Window and service must outlive the session.
    Session(Options options, MainWindow& window, PredictionService& predictions, QObject* parent = nullptr);

    void start();

  Q_SIGNALS:
    /// Only with --screenshot: the picture is saved (0), or something went wrong and standard error has the
    /// sentence (the exit code of the design, section 7).
    void finished(int exitCode);

  private:
    void slideShown();
    void openModelWhenSharp();
    void modelOpened();
    void savePictureWhenComplete();
    [[nodiscard]] bool isComplete() const;
    void fail(const Error& error);

    const Options options_;
    MainWindow& window_;
    PredictionService& predictions_;
    bool placed_ = false, modelAsked_ = false, predictionAsked_ = false, ended_ = false;
};

} // namespace spotglass
