#pragma once

#include "ui/models/ModelLibraryService.h"

#include <QJsonArray>
#include <QJsonObject>

namespace spotglass::tests {

/// A library in memory; it answers at once.
class FakeModelLibrary final : public ModelLibraryService {
  public:
    QList<LibraryModel> all;
    QStringList said; ///< "add /runs/a/model.safetensors|Name|note|licence", in the order of the calls
    bool refuses = false;
    int looks = 0;

    [[nodiscard]] QList<LibraryModel> models() const override { return all; }
    void look() override {
        ++looks;
        Q_EMIT changed();
    }
    void add(const std::filesystem::path& file, const QString& name, const QString& note,
             const QString& licence) override {
        note_("add", {text(file), name, note, licence});
        if (refuse()) return;
        LibraryModel model;
        model.file = "/library/" + file.filename().string();
        model.name = name;
        all.append(model);
        Q_EMIT added(model);
        Q_EMIT changed();
    }
    void describe(const std::filesystem::path& file, const QString& name, const QString& note,
                  const QString& licence) override {
        note_("describe", {text(file), name, note, licence});
    }
    void exportTo(const std::filesystem::path& file, const std::filesystem::path& target) override {
        note_("export", {text(file), text(target)});
        if (!refuse()) Q_EMIT exported(target);
    }
    void remove(const std::filesystem::path& file) override { note_("remove", {text(file)}); }
    void verify(const std::filesystem::path& file) override {
        note_("verify", {text(file)});
        if (!refuse()) Q_EMIT verified(file);
    }

  private:
    static QString text(const std::filesystem::path& file) { return QString::fromStdString(file.string()); }
    void note_(const char* what, const QStringList& with) {
        said << QLatin1String(what) + u' ' + with.join(u'|');
    }
    bool refuse() {
        if (refuses)
            Q_EMIT problem(Error{ErrorKind::Device, "the drive is full", "/library", "Free some space"});
        return refuses;
    }
};

/// A model with a card as a training writes it.
inline LibraryModel someModel(const QString& name, double pcc, bool worse = false) {
    LibraryModel model;
    model.file = "/library/" + name.toStdString() + ".safetensors";
    model.name = name;
    model.sha256 = QStringLiteral("0123456789abcdef0123456789abcdef");
    model.added = QDateTime(QDate(2026, 11, 1), QTime(12, 0));
    model.card = {
        {QStringLiteral("genes"), QJsonArray{QStringLiteral("FN1"), QStringLiteral("HSPB1")}},
        {QStringLiteral("unit"), QStringLiteral("log10(1 + counts)")},
        {QStringLiteral("training"),
         QJsonObject{{QStringLiteral("sections"), QJsonArray{QStringLiteral("A1"), QStringLiteral("B1")}}}},
        {QStringLiteral("held_out"),
         QJsonObject{{QStringLiteral("pcc_all"), pcc},
                     {QStringLiteral("pcc"),
                      QJsonObject{{QStringLiteral("FN1"), 0.31}, {QStringLiteral("HSPB1"), 0.62}}},
                     {QStringLiteral("verdict"),
                      QJsonObject{{QStringLiteral("sentence"),
                                   QStringLiteral("Not better than ridge on 1 of 2 genes.")}}}}}};
    if (worse) model.warning = QStringLiteral("Worse than ridge regression.");
    return model;
}

} // namespace spotglass::tests
