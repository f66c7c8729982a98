#pragma once

#include "app/desktop/SerialWorker.h"
#include "ui/Services.h"

#include <cstdint>
#include <memory>

namespace spotglass {

/// Reads measured spots and their counts (legacy ST) on a thread of its own. Lives on the GUI thread; none of
/// its functions waits, except the destructor, which waits for the file in hand.
class MeasurementController final : public MeasurementService {
    Q_OBJECT

  public:
    explicit MeasurementController(QObject* parent = nullptr);
    ~MeasurementController() override;

    void openSpots(const std::filesystem::path& file, const std::filesystem::path& slide) override;
    void close() override;
    void askValues(const QString& gene, const QStringList& panel) override;

  private:
    struct Measured; ///< what only the worker touches

    std::uint64_t ticket_ = 0, question_ = 0; ///< answers to older ones are dropped
    std::shared_ptr<Measured> measured_;
    std::unique_ptr<SerialWorker> worker_; // last: ends first
};

} // namespace spotglass
