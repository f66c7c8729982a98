#include "app/desktop/ModelHead.h"
#include "app/desktop/ModelLibraryController.h"
#include "viewer/base/Files.h"

#include <QFile>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

/// The library of models on disk, with a real model.
class TestModelLibrary : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;

    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_->path().toStdString()) / name; }
    [[nodiscard]] ModelLibrary library() const {
        return {at("workspace.sqlite"), at("models"), at("shipped")};
    }
    static fs::path demo() { return fs::path(SPOTGLASS_MODELS) / "demo.safetensors"; }
    static std::string sentenceOf(const Error& error) { return error.sentence(); }
    /// Another model: the demo with another card.
    void writeVariant(const fs::path& target, const std::function<void(nlohmann::json&)>& change) {
        auto head = readModelHead(demo());
        QVERIFY(head);
        change(head->card);
        QVERIFY(writeModelWithCard(demo(), *head, head->card, target));
    }

  private Q_SLOTS:
    void init() {
        dir_ = std::make_unique<QTemporaryDir>();
        // The bin is below the user's data folder.
        qputenv("XDG_DATA_HOME", dir_->filePath(QStringLiteral("data")).toUtf8());
        qputenv("HOME", dir_->path().toUtf8());
    }

    void addedListedAndDescribed() {
        auto models = library();
        const auto added = models.add(demo(), QStringLiteral("Mine: B/C"), QStringLiteral("for breast"), {});
        QVERIFY2(added, added ? "" : added.error().sentence().c_str());
        QCOMPARE(added->name, QStringLiteral("Mine: B/C"));
        QCOMPARE(added->note, QStringLiteral("for breast"));
        QVERIFY(!added->licence.isEmpty()); // the card's
        QCOMPARE(added->file.parent_path(), at("models"));
        QCOMPARE(*readFile(added->file), *readFile(demo()));
        QVERIFY(models.describe(added->file, QStringLiteral("Other"), QStringLiteral("note"),
                                QStringLiteral("ours")));
        // Another program that has the same workspace.
        auto again = library();
        const auto all = again.models();
        QVERIFY(all && all->size() == 1);
        QCOMPARE(all->front().name, QStringLiteral("Other"));
        QCOMPARE(all->front().licence, QStringLiteral("ours"));
        QVERIFY(all->front().state == LibraryModel::File::AsAdded && !all->front().builtIn);
        QVERIFY(all->front().card.contains(QStringLiteral("genes")));
    }
    void theSameModelTwiceIsOne() {
        auto models = library();
        const auto first = models.add(demo(), QStringLiteral("A"), {}, {});
        const auto second = models.add(demo(), QStringLiteral("B"), {}, {});
        QVERIFY(first && second);
        QCOMPARE(second->file, first->file);
        QCOMPARE(models.models()->size(), 1);
        QCOMPARE(models.models()->front().name, QStringLiteral("B"));
    }
    void whatComesWithTheProgramIsListedAndStays() {
        fs::create_directories(at("shipped"));
        fs::copy_file(demo(), at("shipped/demo.safetensors"));
        QVERIFY(writeFileAtomically(at("shipped/broken.safetensors"), "abc"));
        auto models = library();
        const auto all = models.models();
        QVERIFY(all && all->size() == 1);
        QVERIFY(all->front().builtIn && all->front().sha256.size() == 64);
        QVERIFY(!models.remove(at("shipped/demo.safetensors")));
        QVERIFY(fs::exists(at("shipped/demo.safetensors")));
        QVERIFY(models.exportTo(at("shipped/demo.safetensors"), at("out.safetensors")));
    }
    void whereAModelCameFromAndWhatWasMadeWithIt() {
        auto models = library();
        const auto parent = models.add(demo(), QStringLiteral("Parent"), {}, {});
        QVERIFY(parent);
        writeVariant(at("child.safetensors"), [&](nlohmann::json& card) {
            card["name"] = "Child";
            card["training"]["ancestry"] = {
                {{"name", "Parent"}, {"date", "2026-11-01"}, {"sha256", parent->sha256.toStdString()}}};
            card["held_out"]["verdict"] = {{"sentence", "Worse."}, {"worse_than_ridge", true}};
        });
        const auto child = models.add(at("child.safetensors"), {}, {}, {});
        QVERIFY(child);
        QCOMPARE(child->ancestors, QStringList{QStringLiteral("Parent")});
        QVERIFY(child->warning.contains(QStringLiteral("ridge")));
        const auto all = *models.models();
        QCOMPARE(all.back().name, QStringLiteral("Parent"));
        QCOMPARE(all.back().descendants, QStringList{QStringLiteral("Child")});
        QVERIFY(all.back().warning.isEmpty());
    }
    void anExportedModelCarriesItsWordsAndProvesItsWeights() {
        auto models = library();
        const auto added =
            models.add(demo(), QStringLiteral("Named"), QStringLiteral("a note"), QStringLiteral("ours"));
        QVERIFY(added);
        QVERIFY(models.exportTo(added->file, at("out.safetensors")));
        const auto head = readModelHead(at("out.safetensors"));
        QVERIFY(head);
        QCOMPARE(head->card["name"], "Named");
        QCOMPARE(head->card["note"], "a note");
        QCOMPARE(head->card["licence"], "ours");
        QCOMPARE(*hashOfTensors(at("out.safetensors"), *head),
                 *hashOfTensors(demo(), *readModelHead(demo())));
        QVERIFY(checkNotedHash(at("out.safetensors"), *head));
        // Imported elsewhere it is the same.
        ModelLibrary other(at("other.sqlite"), at("other"), at("none"));
        const auto imported = other.add(at("out.safetensors"), {}, {}, {});
        QVERIFY(imported);
        QCOMPARE(imported->name, QStringLiteral("Named"));
        QCOMPARE(imported->note, QStringLiteral("a note"));
        // One bit of the weights flipped on the way is found.
        auto bytes = *readFile(at("out.safetensors"));
        bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
        QVERIFY(writeFileAtomically(at("flipped.safetensors"), bytes));
        const auto refused = other.add(at("flipped.safetensors"), {}, {}, {});
        QVERIFY(!refused);
        QVERIFY(sentenceOf(refused.error()).find("damaged") != std::string::npos);
    }
    void filesThatAreNoModelsAreRefused_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QString>("said");
        const auto whole = QByteArray::fromStdString(*readFile(demo()));
        QTest::newRow("empty") << QByteArray() << QStringLiteral("empty");
        QTest::newRow("text") << QByteArray("this is a letter, not a model")
                              << QStringLiteral("not a model file");
        QTest::newRow("cut") << whole.left(whole.size() / 2) << QStringLiteral("not whole");
        QTest::newRow("cut in the head") << whole.left(500) << QStringLiteral("not whole");
        QTest::newRow("without card")
            << QByteArray("\x02\0\0\0\0\0\0\0{}", 10) << QStringLiteral("not a model file");
    }
    void filesThatAreNoModelsAreRefused() {
        QFETCH(QByteArray, content);
        QFETCH(QString, said);
        QVERIFY(writeFileAtomically(at("odd.safetensors"), content.toStdString()));
        auto models = library();
        const auto refused = models.add(at("odd.safetensors"), {}, {}, {});
        QVERIFY(!refused);
        QVERIFY2(sentenceOf(refused.error()).find(said.toStdString()) != std::string::npos,
                 sentenceOf(refused.error()).c_str());
        QVERIFY(models.models()->isEmpty());
        QVERIFY(!models.add(at("none.safetensors"), {}, {}, {}));
    }
    void aChangedOrMissingFileIsNoticed() {
        auto models = library();
        const auto added = models.add(demo(), QStringLiteral("A"), {}, {});
        QVERIFY(added && models.verify(added->file));
        auto bytes = *readFile(added->file);
        bytes.back() = static_cast<char>(bytes.back() ^ 1);
        QVERIFY(writeFileAtomically(added->file, bytes));
        const auto wrong = models.verify(added->file);
        QVERIFY(!wrong && wrong.error().kind == ErrorKind::BadInput);
        QVERIFY(models.models()->front().state == LibraryModel::File::Changed);
        QVERIFY(!models.exportTo(added->file, at("out.safetensors")));
        fs::remove(added->file);
        QVERIFY(models.models()->front().state == LibraryModel::File::Missing);
        QVERIFY(models.remove(added->file)); // only off the list
        QVERIFY(models.models()->isEmpty());
    }
    void removedIntoTheBin() {
        auto models = library();
        const auto added = models.add(demo(), QStringLiteral("A"), {}, {});
        QVERIFY(added);
        const auto removed = models.remove(added->file);
        QVERIFY2(removed, removed ? "" : removed.error().sentence().c_str());
        QVERIFY(!fs::exists(added->file));
        bool inBin = false;
        std::error_code ec;
        for (fs::recursive_directory_iterator it(dir_->path().toStdString(), ec), end; it != end;
             it.increment(ec))
            inBin = inBin || (it->path().filename() == added->file.filename() &&
                              it->path().string().find("Trash") != std::string::npos);
        QVERIFY(inBin);
    }
    void aFolderThatCannotBeWrittenSaysSo() {
        QVERIFY(writeFileAtomically(at("models"), "a file where the folder should be"));
        auto models = library();
        const auto refused = models.add(demo(), QStringLiteral("A"), {}, {});
        QVERIFY(!refused && refused.error().kind == ErrorKind::Device);
        QVERIFY(models.models()->isEmpty());
        ModelLibrary nowhere({}, {}, {});
        QVERIFY(!nowhere.models());
    }

    void theControllerAnswersLater() {
        ModelLibraryController controller(library());
        QSignalSpy added(&controller, &ModelLibraryService::added),
            changed(&controller, &ModelLibraryService::changed),
            problem(&controller, &ModelLibraryService::problem),
            verified(&controller, &ModelLibraryService::verified);
        controller.add(demo(), QStringLiteral("A"), {}, {});
        QVERIFY(added.isEmpty());
        QVERIFY(added.wait());
        QTRY_COMPARE(controller.models().size(), 1);
        controller.verify(controller.models().front().file);
        QVERIFY(verified.wait());
        controller.add(at("none"), {}, {}, {});
        QVERIFY(problem.wait());
        controller.remove(controller.models().front().file);
        QTRY_VERIFY(controller.models().isEmpty());
        QVERIFY(!changed.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestModelLibrary)
#include "TestModelLibrary.moc"
