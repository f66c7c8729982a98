#include "ui/models/FakeModelLibrary.h"
#include "ui/models/ModelCardText.h"
#include "ui/models/ModelsDialog.h"

#include <QDir>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTextBrowser>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::tests;

/// The library of models as a user works with it.
class TestModelsDialog : public QObject {
    Q_OBJECT
    std::unique_ptr<FakeModelLibrary> library_;
    std::unique_ptr<ModelsDialog> dialog_;

    template <typename T> T* find(const char* name) {
        auto* widget = dialog_->findChild<T*>(QLatin1String(name));
        if (!widget) qFatal("there is no %s", name);
        return widget;
    }
    void click(const char* name) { QTest::mouseClick(find<QPushButton>(name), Qt::LeftButton); }
    [[nodiscard]] QStringList names() {
        QStringList all;
        auto* list = find<QListWidget>("list");
        for (int i = 0; i < list->count(); ++i)
            all << list->item(i)->text().section(u'\n', 0, 0);
        return all;
    }
    void choose(std::initializer_list<int> rows) {
        auto* list = find<QListWidget>("list");
        list->clearSelection();
        for (const int row : rows)
            list->item(row)->setSelected(true);
    }
    void picture(const char* name) {
        const auto folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        if (!folder.isEmpty()) dialog_->grab().save(QDir(folder).filePath(QLatin1String(name)));
    }

  private Q_SLOTS:
    void init() {
        QLocale::setDefault(QLocale(QLocale::English));
        library_ = std::make_unique<FakeModelLibrary>();
        auto child = someModel(QStringLiteral("Child"), 0.61);
        child.ancestors = QStringList{QStringLiteral("Parent")};
        auto parent = someModel(QStringLiteral("Parent"), 0.5);
        parent.descendants = QStringList{QStringLiteral("Child")};
        auto shipped = someModel(QStringLiteral("Shipped"), 0.7);
        shipped.builtIn = true;
        library_->all = {child, parent, shipped, someModel(QStringLiteral("Weak"), 0.2, true)};
        dialog_ = std::make_unique<ModelsDialog>(*library_);
        dialog_->show();
        QVERIFY(QTest::qWaitForWindowExposed(dialog_.get()));
    }
    void cleanup() { dialog_.reset(); }

    void oneIsReadAndTwoAreCompared() {
        QCOMPARE(library_->looks, 1);
        QCOMPARE(names().size(), 4);
        choose({0});
        auto text = find<QTextBrowser>("card")->toPlainText();
        QVERIFY(text.contains(QStringLiteral("0.610")));
        QVERIFY(text.contains(QStringLiteral("Parent")));
        QVERIFY(text.indexOf(QStringLiteral("HSPB1")) <
                text.indexOf(QStringLiteral("FN1"))); // the better one first
        QVERIFY(text.contains(QStringLiteral("Research use only")));
        picture("models.png");
        choose({0, 1});
        text = find<QTextBrowser>("card")->toPlainText();
        QVERIFY(text.contains(QStringLiteral("0.610")) && text.contains(QStringLiteral("0.500")));
        QVERIFY(!find<QPushButton>("use")->isEnabled());
        picture("models-compared.png");
    }
    void aModelBelowItsFloorSaysSoInTheList() {
        auto* list = find<QListWidget>("list");
        QVERIFY(list->item(3)->text().contains(QStringLiteral("Worse than ridge")));
        choose({3});
        QVERIFY(find<QTextBrowser>("card")->toPlainText().contains(QStringLiteral("Worse than ridge")));
    }
    void wordsFindNamesSectionsAndGenes() {
        find<QLineEdit>("search")->setText(QStringLiteral("hspb1 weak"));
        QCOMPARE(names(), QStringList{QStringLiteral("Weak")});
        find<QLineEdit>("search")->setText(QStringLiteral("nothing"));
        QVERIFY(names().isEmpty());
        QVERIFY(!find<QPushButton>("export")->isEnabled());
        find<QLineEdit>("search")->clear();
        QCOMPARE(names().size(), 4);
    }
    void whatComesWithTheProgramStays() {
        choose({2});
        QVERIFY(find<QPushButton>("use")->isEnabled());
        QVERIFY(!find<QPushButton>("remove")->isEnabled() && !find<QPushButton>("describe")->isEnabled());
    }
    void usedTrainedAndChecked() {
        QSignalSpy use(dialog_.get(), &ModelsDialog::useWanted);
        QSignalSpy train(dialog_.get(), &ModelsDialog::trainWanted);
        choose({1});
        click("use");
        click("train");
        QCOMPARE(use.front()[0].value<std::filesystem::path>(), library_->all[1].file);
        QCOMPARE(train.count(), 1);
        click("verify");
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("as it was added")));
        library_->refuses = true;
        click("verify");
        QVERIFY(
            find<QLabel>("said")->text().contains(QStringLiteral("the drive is full"), Qt::CaseInsensitive));
    }
    void aMissingFileCannotBeUsed() {
        library_->all[0].state = LibraryModel::File::Missing;
        Q_EMIT library_->changed();
        choose({0});
        QVERIFY(!find<QPushButton>("use")->isEnabled() && !find<QPushButton>("export")->isEnabled());
        QVERIFY(find<QPushButton>("remove")->isEnabled());
        QVERIFY(find<QTextBrowser>("card")->toPlainText().contains(QStringLiteral("missing")));
        library_->all[0].card = {}; // nothing of it is known, which is not "0 genes"
        Q_EMIT library_->changed();
        choose({0});
        const auto text = find<QTextBrowser>("card")->toPlainText();
        for (const char* word : {"Genes", "Patches", "Spots", "Networks"})
            QVERIFY2(!text.contains(QLatin1String(word)), word);
    }
    void removingAsksFirstAndNamesWhatWasMadeWithIt() {
        choose({1});
        click("remove");
        auto* box = dialog_->findChild<QMessageBox*>();
        QVERIFY(box && box->text().contains(QStringLiteral("Child")));
        QVERIFY(library_->said.isEmpty());
        QTest::mouseClick(box->findChild<QPushButton*>(QStringLiteral("bin")), Qt::LeftButton);
        QCOMPARE(library_->said, QStringList{QStringLiteral("remove /library/Parent.safetensors")});
    }
    void namedAnew() {
        choose({0});
        click("describe");
        auto* words = dialog_->findChild<QDialog*>(QString(), Qt::FindDirectChildrenOnly);
        QVERIFY(words);
        words->findChild<QLineEdit*>(QStringLiteral("name"))->setText(QStringLiteral("Better name"));
        words->findChild<QPlainTextEdit*>(QStringLiteral("note"))->setPlainText(QStringLiteral("for breast"));
        words->accept();
        QCOMPARE(library_->said,
                 QStringList{QStringLiteral("describe /library/Child.safetensors|Better name|for breast|")});
    }
    void exportedAndImportedByTheirFiles() {
        choose({0});
        click("export");
        auto* save = dialog_->findChild<QFileDialog*>();
        QVERIFY(save);
        Q_EMIT save->fileSelected(QStringLiteral("/usb/child.safetensors"));
        save->close();
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("/usb/child.safetensors")));
        delete save;
        click("import");
        auto* open = dialog_->findChild<QFileDialog*>();
        QVERIFY(open);
        Q_EMIT open->fileSelected(QStringLiteral("/usb/other.safetensors"));
        QCOMPARE(library_->said.last(), QStringLiteral("add /usb/other.safetensors|||"));
    }
};

QTEST_MAIN(TestModelsDialog)
#include "TestModelsDialog.moc"
