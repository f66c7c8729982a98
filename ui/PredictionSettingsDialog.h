#pragma once

#include "ui/Services.h"

#include <QDialog>

class QButtonGroup;
class QDialogButtonBox;
class QDoubleSpinBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QRadioButton;
class QTreeWidget;
class QVBoxLayout;

namespace spotglass {

/// The page of settings for predictions: device, precision, context, encoders and cache, with what was
/// measured of each. OK hands the choices to the service. GUI thread only; nothing blocks.
class PredictionSettingsDialog : public QDialog {
    Q_OBJECT

  public:
    /// The service must outlive the dialog. `slide` is what Measure predicts on.
    PredictionSettingsDialog(EngineSettingsService& service, std::optional<OpenedSlide> slide,
                             QWidget* parent = nullptr);
    /// Ends a measurement that is under way.
    ~PredictionSettingsDialog() override;

    /// What is chosen at present, whether or not it has been handed over.
    [[nodiscard]] EngineChoices chosen() const;
    void accept() override;

  private:
    void buildDevices(QVBoxLayout* column);
    void buildPrecisions(QVBoxLayout* column);
    void buildContext(QVBoxLayout* column);
    void buildEncoders(QVBoxLayout* column);
    void buildCache(QVBoxLayout* column);
    void connectService();
    void showDevices(const QList<DeviceListing>& devices, const QString& whyNoGraphics);
    void addDevice(const QString& name, const QString& text, const QString& about, bool usable);
    void showPrecisions(const QList<PrecisionListing>& precisions);
    void showEncoders(const QList<EncoderListing>& encoders);
    void measure();
    void measured(const QString& sentence);

    EngineSettingsService& service_;
    const std::optional<OpenedSlide> slide_;
    const EngineChoices before_;
    bool measuring_ = false;
    QVBoxLayout* deviceColumn_ = nullptr;
    QButtonGroup *devices_ = nullptr, *precisions_ = nullptr;
    QLabel* deviceText_ = nullptr;
    QList<QLabel*> precisionTexts_; ///< fp32, bf16, fp16
    QPushButton *measure_ = nullptr, *clear_ = nullptr;
    QProgressBar* progress_ = nullptr;
    QLabel *measureText_ = nullptr, *cacheText_ = nullptr;
    QRadioButton* wholeSlide_ = nullptr;
    QTreeWidget* encoders_ = nullptr;
    QDoubleSpinBox* cacheLimit_ = nullptr;
};

} // namespace spotglass
