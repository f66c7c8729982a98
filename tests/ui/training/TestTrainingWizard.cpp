#include "ui/training/WizardDriver.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::tests;

/// The wizard driven from its first page to its last.
class TestTrainingWizard : public WizardDriver {
    Q_OBJECT

  private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { wizard_.reset(); }

    void fromTheFirstPageToTheTraining() {
        QVERIFY(!canGoOn());
        picture(QStringLiteral("cohort-empty"));
        chooseCohort();
        QVERIFY(canGoOn());
        QCOMPARE(find<QTableWidget>("sections")->rowCount(), 6);
        picture(QStringLiteral("cohort"));
        for (const char* page :
             {"panel", "knowledge", "origin", "encoder", "split", "settings", "place", "summary"}) {
            QVERIFY2(next(), page);
            QTest::qWait(10); // what is drawn
            picture(QLatin1String(page));
        }
        find<QLineEdit>("name")->setText(QStringLiteral("My breast model"));
        QVERIFY(find<QLabel>("estimate")->text().contains(QStringLiteral("13 min")));
        QSignalSpy wanted(wizard_.get(), &TrainingWizard::trainingWanted);
        QVERIFY(canGoOn());
        wizard_->button(QWizard::FinishButton)->click();
        QCOMPARE(wanted.count(), 1);
        const auto config = wanted.front()[0].toJsonObject();
        QCOMPARE(config[QStringLiteral("cohort")].toString(), QStringLiteral("/data/cohort"));
        const auto sections = config[QStringLiteral("sections")].toObject();
        QCOMPARE(sections[QStringLiteral("training")].toArray(), array({"P11", "P12"}));
        QCOMPARE(sections[QStringLiteral("validation")].toArray(), array({"P21", "P22"}));
        QCOMPARE(sections[QStringLiteral("reported")].toArray(), array({"P31", "P32"}));
        QCOMPARE(config[QStringLiteral("name")].toString(), QStringLiteral("My breast model"));
        const auto panel = config[QStringLiteral("panel")].toObject();
        QCOMPARE(panel[QStringLiteral("method")].toString(), QStringLiteral("spatially_variable"));
        QCOMPARE(panel[QStringLiteral("must_have")].toArray(), array({"FN1", "HSPB1", "ERBB2"}));
        QVERIFY(config[QStringLiteral("model")].toObject().contains(QStringLiteral("levels")));
        QVERIFY(!config.contains(QStringLiteral("same_patient")));
        QCOMPARE(wanted.front()[1].value<std::filesystem::path>().filename().string(),
                 std::string("My-breast-model"));
        QVERIFY(!wanted.front()[2].value<TrainingPlace>().slurm);
    }

    void goingBackLosesNothing() {
        chooseCohort();
        QVERIFY(next());
        find<QSpinBox>("size")->setValue(77);
        find<QLineEdit>("mustHave")->setText(QStringLiteral("FN1 KRT19"));
        QVERIFY(!canGoOn()); // other settings, not picked yet
        find<QPushButton>("show")->click();
        QVERIFY(goTo(QStringLiteral("Settings")));
        find<QRadioButton>("quick")->click();
        find<QDoubleSpinBox>("maximum_epochs")->setValue(7);
        QVERIFY(goTo(QStringLiteral("Summary")));
        const auto before = wizard_->config();
        while (wizard_->currentId() > 0)
            wizard_->back();
        QVERIFY(goTo(QStringLiteral("Summary")));
        QCOMPARE(wizard_->config(), before);
        QCOMPARE(before[QStringLiteral("panel")].toObject()[QStringLiteral("size")].toInt(), 77);
        QCOMPARE(before[QStringLiteral("panel")].toObject()[QStringLiteral("must_have")].toArray(),
                 array({"FN1", "KRT19"}));
        QCOMPARE(before[QStringLiteral("maximum_epochs")].toInt(), 7);
        QCOMPARE(before[QStringLiteral("batch")].toInt(), 16); // of the preset

        // Closed and opened again.
        const auto kept = QJsonDocument::fromJson(QJsonDocument(draft_).toJson()).object();
        open(kept);
        QCOMPARE(find<QLineEdit>("cohort")->text(), QStringLiteral("/data/cohort"));
        QVERIFY(goTo(QStringLiteral("Summary")));
        QCOMPARE(wizard_->config(), before);
    }

    void whatIsWrongWithACohortIsSaidAndBlocks() {
        service_->auditFails = QStringLiteral("there is no section in this folder");
        chooseCohort();
        QVERIFY(!canGoOn());
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("no section")));

        service_->auditFails.clear();
        service_->cohort.notes = {{AuditNote::Severity::Error, QStringLiteral("P12"),
                                   QStringLiteral("no scale is known"),
                                   QStringLiteral("Give it in the column mpp of a manifest")}};
        open();
        chooseCohort();
        QVERIFY(!canGoOn());
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("P12")));
        QVERIFY(find<QLabel>("notes")->text().contains(QStringLiteral("column mpp")));
        picture(QStringLiteral("cohort-error"));
        find<QTableWidget>("sections")->item(1, 0)->setCheckState(Qt::Unchecked); // left out, it does no harm
        QVERIFY(canGoOn());
        QVERIFY(goTo(QStringLiteral("Summary")));
        QCOMPARE(
            wizard_->config()[QStringLiteral("sections")].toObject()[QStringLiteral("training")].toArray(),
            array({"P11"}));
    }

    void anAuditCanBeStopped() {
        service_->answers = false;
        chooseCohort();
        QVERIFY(!canGoOn());
        const int before = service_->cancelled;
        for (auto* button : wizard_->currentPage()->findChildren<QPushButton*>())
            if (button->text() == QStringLiteral("Stop")) button->click();
        QCOMPARE(service_->cancelled, before + 1);
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("Stopped")));
    }

    void aPatientOnTwoSidesHasToBeAcknowledged() {
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Training and test")));
        QVERIFY(canGoOn());
        auto* role = find<QComboBox>("role.P12");
        role->setCurrentIndex(2);
        Q_EMIT role->activated(2);
        QVERIFY(!canGoOn());
        const auto* matrix = find<QTableWidget>("matrix");
        QVERIFY(matrix->item(0, 0)->text().contains(QStringLiteral("two sides")));
        QVERIFY(!matrix->item(1, 1)->text().contains(QStringLiteral("two sides")));
        picture(QStringLiteral("split-leak"));
        find<QCheckBox>("known")->setChecked(true);
        QVERIFY(canGoOn());
        QVERIFY(wizard_->config()[QStringLiteral("same_patient")].toBool());
        role->setCurrentIndex(0); // changed again, it has to be acknowledged again
        Q_EMIT role->activated(0);
        QVERIFY(!wizard_->config().contains(QStringLiteral("same_patient")));
        QVERIFY(canGoOn());
    }

    void onePatientIsSplitBySections() {
        service_->cohort = drawnCohort({QStringLiteral("P1")});
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Training and test")));
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("one patient")));
        QVERIFY(!canGoOn());
        find<QCheckBox>("known")->setChecked(true);
        QVERIFY(canGoOn());
        const auto sections = wizard_->config()[QStringLiteral("sections")].toObject();
        QCOMPARE(sections[QStringLiteral("training")].toArray(), array({"P11"}));
        QCOMPARE(sections[QStringLiteral("validation")].toArray(), array({"P12"}));
    }

    void fineTuning() {
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Start")));
        find<QComboBox>("from")->setCurrentIndex(1);
        find<QComboBox>("freeze")->setCurrentIndex(1);
        QVERIFY(find<QLabel>("warning")->text().contains(QStringLiteral("ridge")));
        picture(QStringLiteral("origin-model"));
        QVERIFY(goTo(QStringLiteral("Image")));
        QVERIFY(!find<QComboBox>("encoder")->isEnabled());
        const auto config = wizard_->config();
        QCOMPARE(config[QStringLiteral("from")].toString(), QStringLiteral("/models/a.safetensors"));
        for (const char* key : {"model", "image_encoder", "panel", "patch_pixels"})
            QVERIFY2(!config.contains(QLatin1String(key)), key);
        QCOMPARE(config[QStringLiteral("learning_rates")].toObject()[QStringLiteral("slide")].toDouble(-1),
                 0.0);
        wizard_->back();
        find<QCheckBox>("keepPanel")->setChecked(false);
        QVERIFY(wizard_->config().contains(QStringLiteral("panel")));
    }

    void anotherEncoderAndScale() {
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Image")));
        find<QComboBox>("encoder")->setCurrentIndex(1);
        find<QComboBox>("scale")->setCurrentIndex(1);
        find<QDoubleSpinBox>("microns")->setValue(0.5);
        const auto config = wizard_->config();
        QCOMPARE(config[QStringLiteral("image_encoder")].toString(), QStringLiteral("uni"));
        QCOMPARE(config[QStringLiteral("model")].toObject()[QStringLiteral("emb_dim")].toInt(), 1024);
        QCOMPARE(config[QStringLiteral("microns_per_pixel")].toDouble(), 0.5);
    }

    void anOwnListOfGenes() {
        chooseCohort();
        QVERIFY(next());
        find<QComboBox>("method")->setCurrentIndex(3);
        QVERIFY(!canGoOn());
        find<QPlainTextEdit>("list")->setPlainText(QStringLiteral("FN1, ERBB2\nKRT19"));
        find<QPushButton>("show")->click();
        QVERIFY(canGoOn());
        QCOMPARE(wizard_->config()[QStringLiteral("genes")].toArray(), array({"FN1", "ERBB2", "KRT19"}));
        QVERIFY(!wizard_->config().contains(QStringLiteral("panel")));
        service_->panelFails = QStringLiteral("section P11 did not measure FN9");
        find<QPlainTextEdit>("list")->setPlainText(QStringLiteral("FN9"));
        find<QPushButton>("show")->click();
        QVERIFY(!canGoOn());
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("FN9")));
    }

    void aCluster() {
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Where to train")));
        find<QRadioButton>("slurm")->click();
        find<QLineEdit>("partition")->setText(QStringLiteral("gpu"));
        find<QSpinBox>("gpus")->setValue(2);
        find<QLineEdit>("modules")->setText(QStringLiteral("cuda gcc"));
        find<QPushButton>("check")->click();
        QVERIFY(service_->placeAsked.slurm);
        QCOMPARE(service_->placeAsked.modules.size(), 2);
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("found the program")));
        picture(QStringLiteral("place-slurm"));
        QVERIFY(goTo(QStringLiteral("Summary")));
        QSignalSpy wanted(wizard_.get(), &TrainingWizard::trainingWanted);
        wizard_->button(QWizard::FinishButton)->click();
        QCOMPARE(wanted.front()[2].value<TrainingPlace>().partition, QStringLiteral("gpu"));
    }

    void aFolderThatCannotBeUsed() {
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Summary")));
        QVERIFY(canGoOn());
        QDir(dir_->path()).mkpath(QStringLiteral("taken/checkpoint"));
        find<QLineEdit>("folder")->setText(dir_->filePath(QStringLiteral("taken")));
        QVERIFY(!canGoOn());
        QVERIFY(find<QLabel>("said")->text().contains(QStringLiteral("another training")));
        QFile file(dir_->filePath(QStringLiteral("file")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        find<QLineEdit>("folder")->setText(dir_->filePath(QStringLiteral("file/run")));
        QVERIFY(!canGoOn());
        find<QLineEdit>("folder")->setText(dir_->filePath(QStringLiteral("free")));
        QVERIFY(canGoOn());
        find<QLineEdit>("name")->setText(QString());
        QVERIFY(!canGoOn());
    }

    void anEstimateThatFailsSaysSoAndDoesNotBlock() {
        service_->estimateFails = QStringLiteral("there is not enough memory");
        chooseCohort();
        QVERIFY(goTo(QStringLiteral("Summary")));
        QVERIFY(find<QLabel>("estimate")->text().contains(QStringLiteral("not enough memory")));
        QVERIFY(canGoOn());
    }
};

QTEST_MAIN(TestTrainingWizard)
#include "TestTrainingWizard.moc"
