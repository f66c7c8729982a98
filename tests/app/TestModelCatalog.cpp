#include "app/desktop/ModelCatalog.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestModelCatalog : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] std::filesystem::path folder() const { return dir_.path().toStdString(); }
    static std::string withHead(const std::string& json) {
        std::string file(8, '\0');
        for (std::size_t i = 0; i < 8; ++i)
            file[i] = static_cast<char>(json.size() >> (8 * i));
        return file + json;
    }
    void write(const char* name, const std::string& content) {
        QVERIFY(writeFileAtomically(folder() / name, content).has_value());
    }

  private Q_SLOTS:
    void modelsAreListedByTheirNames() {
        const nlohmann::json card = {{"name", "Breast, 250 genes"},
                                     {"genes", {"FN1"}},
                                     {"held_out", {{"verdict", {{"worse_than_ridge", true}}}}}};
        const nlohmann::json head = {{"__metadata__", {{"format", "pt"}, {"spotglass", card.dump()}}}};
        write("z.safetensors", withHead(head.dump()));
        write("unnamed.safetensors", withHead("{}"));
        write("notes.txt", "not a model");
        const auto models = modelsInFolder(folder());
        QCOMPARE(models.size(), 2);
        QCOMPARE(models[0].name, QStringLiteral("Breast, 250 genes"));
        QCOMPARE(models[0].file, folder() / "z.safetensors");
        QVERIFY(models[0].warning.contains(QStringLiteral("ridge")));
        QCOMPARE(models[1].name, QStringLiteral("unnamed"));
    }
    void aBrokenFileGoesByItsOwnName_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("short") << QByteArray("abc");
        QTest::newRow("length past the end") << QByteArray("\xff\0\0\0\0\0\0\0{}", 10);
        QTest::newRow("length beyond all memory") << QByteArray("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10);
        QTest::newRow("no JSON") << QByteArray("\x03\0\0\0\0\0\0\0abc", 11);
        QTest::newRow("JSON of another kind") << QByteArray("\x02\0\0\0\0\0\0\0[]", 10);
    }
    void aBrokenFileGoesByItsOwnName() {
        QFETCH(QByteArray, content);
        write("odd.safetensors", content.toStdString());
        const auto models = modelsInFolder(folder());
        const auto odd = std::ranges::find(models, folder() / "odd.safetensors", &ModelListing::file);
        QVERIFY(odd != models.end());
        QCOMPARE(odd->name, QStringLiteral("odd"));
    }
    void aMissingFolderHasNoModels() { QVERIFY(modelsInFolder(folder() / "none").isEmpty()); }
};

QTEST_GUILESS_MAIN(TestModelCatalog)
#include "TestModelCatalog.moc"
