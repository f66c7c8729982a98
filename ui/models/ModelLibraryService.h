#pragma once

#include "viewer/base/Result.h"

#include <filesystem>

#include <QDateTime>
#include <QJsonObject>
#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>

namespace spotglass {

/// A model that the user may choose, and what is known about it. A value type.
struct LibraryModel {
    std::filesystem::path file;
    QString sha256; ///< of the file when it was added; empty: not known (one that comes with the program)
    QString name, note, licence; ///< the user's words where he gave some, otherwise the card's
    QDateTime added;
    QJsonObject card; ///< as in the file; empty where it cannot be read
    bool builtIn = false;
    enum class File { AsAdded, Changed, Missing } state = File::AsAdded;
    /// What to know before it is used ("not better than ridge regression on sections it has not seen"); may
    /// be empty.
    QString warning;
    QStringList ancestors;   ///< names of the models it was fine-tuned from, nearest first
    QStringList descendants; ///< names of those in the library that were made with it
};

/// The models of this user. GUI thread; a function asks, a signal answers.
class ModelLibraryService : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// By name; as last read.
    [[nodiscard]] virtual QList<LibraryModel> models() const = 0;
    /// Reads them anew; changed() follows.
    virtual void look() = 0;
    /// Copies a model file into the library and checks it; added() or problem().
    virtual void add(const std::filesystem::path& file, const QString& name, const QString& note,
                     const QString& licence) = 0;
    virtual void describe(const std::filesystem::path& file, const QString& name, const QString& note,
                          const QString& licence) = 0;
    /// Writes one model into one file, with name, note and licence; exported() or problem().
    virtual void exportTo(const std::filesystem::path& file, const std::filesystem::path& target) = 0;
    /// Into the system's bin; one that comes with the program stays.
    virtual void remove(const std::filesystem::path& file) = 0;
    /// Hashes the file and compares; verified() follows, or problem() where it is damaged.
    virtual void verify(const std::filesystem::path& file) = 0;

  Q_SIGNALS:
    void changed();
    void added(const spotglass::LibraryModel& model);
    void exported(const std::filesystem::path& target);
    void verified(const std::filesystem::path& file); ///< it is as it was added
    void problem(const spotglass::Error& error);
};

} // namespace spotglass
