#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <QByteArray>
#include <QPaintDevice>
#include <QSize>
#include <QString>

namespace spotglass {

/// A paint device that writes down what is painted as SVG 1.1: shapes stay shapes, words stay words, pictures
/// are embedded as PNG. Knows what Spotglass paints: solid and linear gradient brushes, pens, transforms,
/// opacity and clipping; every composition is "over". One thread at a time, any thread. (Qt SVG would be one
/// more package to install.)
class SvgDevice : public QPaintDevice {
  public:
    /// Coordinates are pixels, `dotsPerInch` of which measure an inch on paper. `texts` go into the file
    /// for programs to find, and as its description for people.
    SvgDevice(QSize pixels, double dotsPerInch, const std::vector<std::pair<QString, QString>>& texts);
    ~SvgDevice() override;

    [[nodiscard]] QPaintEngine* paintEngine() const override;
    /// The whole file, UTF-8. Once painting has ended.
    [[nodiscard]] QByteArray document() const;

  protected:
    [[nodiscard]] int metric(PaintDeviceMetric metric) const override;

  private:
    class Engine;
    QSize pixels_;
    std::unique_ptr<Engine> engine_;
    QByteArray head_;
};

} // namespace spotglass
