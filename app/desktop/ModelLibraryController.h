#pragma once

#include "app/desktop/ModelLibrary.h"
#include "app/desktop/SerialWorker.h"

#include <memory>

namespace spotglass {

/// The library of models for the window: ModelLibrary on a thread of its own. Lives on the GUI thread; only
/// the destructor waits, for the file in hand.
class ModelLibraryController final : public ModelLibraryService {
    Q_OBJECT

  public:
    explicit ModelLibraryController(ModelLibrary library, QObject* parent = nullptr);
    ~ModelLibraryController() override;

    [[nodiscard]] QList<LibraryModel> models() const override { return models_; }
    void look() override;
    void add(const std::filesystem::path& file, const QString& name, const QString& note,
             const QString& licence) override;
    void describe(const std::filesystem::path& file, const QString& name, const QString& note,
                  const QString& licence) override;
    void exportTo(const std::filesystem::path& file, const std::filesystem::path& target) override;
    void remove(const std::filesystem::path& file) override;
    void verify(const std::filesystem::path& file) override;

  private:
    /// Does `work(ModelLibrary&)` on the worker, then `answer(result)` here.
    template <typename Work, typename Answer> void ask(Work work, Answer answer);
    /// As ask(), for work that gives nothing: problem() or `done()`, and the list anew.
    template <typename Work, typename Done> void change(Work work, Done done);

    QList<LibraryModel> models_;
    std::unique_ptr<ModelLibrary> library_; ///< the worker's
    std::unique_ptr<SerialWorker> worker_;  // last: ends first
};

} // namespace spotglass
