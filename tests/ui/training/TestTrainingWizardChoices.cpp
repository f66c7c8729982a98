#include "ui/Fakes.h"
#include "ui/models/FakeModelLibrary.h"
#include "ui/training/FakeTrainingService.h"
#include "ui/training/Mnemonics.h"
#include "ui/training/SectionPicture.h"
#include "ui/training/TrainingCommands.h"
#include "ui/training/WizardDriver.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QJsonDocument>
#include <QLabel>
#include <QPushButton>
#include <QRadioButton>
#include <QSettings>
#include <QSpinBox>
#include <QTableWidget>

using namespace spotglass;
using namespace spotglass::tests;

namespace {

QString text(const char* words) {
    return QString::fromUtf8(words);
}

} // namespace

/// Choices that do not fit each other, or the files, any more: each page says so and can be mended.
class TestTrainingWizardChoices : public WizardDriver {
    Q_OBJECT

    /// What was kept from the last time, as the settings keep it.
    [[nodiscard]] QJsonObject kept() const {
        return QJsonDocument::fromJson(QJsonDocument(draft_).toJson()).object();
    }
    void giveRole(const char* section, int index) {
        auto* role = find<QComboBox>((std::string("role.") + section).c_str());
        role->setCurrentIndex(index);
        Q_EMIT role->activated(index);
    }
    [[nodiscard]] QString said(const char* label = "said") { return find<QLabel>(label)->text(); }
    [[nodiscard]] QJsonArray sections(const char* role) const {
        return wizard_->config()[text("sections")].toObject()[QLatin1String(role)].toArray();
    }
    void tick(int row, bool on) {
        find<QTableWidget>("sections")->item(row, 0)->setCheckState(on ? Qt::Checked : Qt::Unchecked);
    }
    void backTo(const char* title) {
        while (wizard_->currentPage()->title() != text(title) && wizard_->currentId() > 0)
            wizard_->back();
        QCOMPARE(wizard_->currentPage()->title(), text(title));
        QCoreApplication::sendPostedEvents();
    }

  private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { wizard_.reset(); }

    void thePanelIsAskedWithNothingThatIsOfNoMatter() {
        auto draft = kept();
        draft[text("cohort")] = text("/data/cohort");
        draft[text("gene_texts")] = text("/gone.tsv");
        draft[text("from")] = text("/models/a.safetensors");
        draft[text("changes")] = QJsonObject{{text("micro_batch"), 1}};
        open(draft);
        QVERIFY(next());
        QVERIFY(canGoOn());
        const auto question = service_->panelsAsked.constLast();
        QCOMPARE(question.keys(),
                 (QStringList{text("cohort"), text("panel"), text("same_patient"), text("sections")}));
        QVERIFY(question[text("same_patient")].toBool());
        const auto asked = service_->panelsAsked.size();
        wizard_->back();
        QVERIFY(next());
        find<QPushButton>("show")->click();
        QCOMPARE(service_->panelsAsked.size(), asked); // nothing has changed
    }

    void aTableOfTextsThatIsGoneIsSaidWhereItWasNamed() {
        service_->textsFail = text("/gone.tsv: it cannot be opened");
        auto draft = kept();
        draft[text("cohort")] = text("/data/cohort");
        draft[text("gene_texts")] = text("/gone.tsv");
        draft[text("from")] = text("/models/a.safetensors");
        open(draft);
        QVERIFY(goTo(text("Knowledge")));
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("cannot be opened")));
        QVERIFY(service_->panelsAsked.constLast().contains(text("panel"))); // also with a model's own genes
        find<QLineEdit>("geneTexts")->clear();
        QVERIFY(canGoOn());
        QVERIFY(said().contains(text("4 gene(s)"))); // the panel is still there
        find<QLineEdit>("geneTexts")->setText(text("/gone.tsv"));
        Q_EMIT find<QLineEdit>("geneTexts")->editingFinished();
        QVERIFY(!canGoOn());
        service_->textsFail.clear(); // the file is back
        Q_EMIT find<QLineEdit>("geneTexts")->returnPressed();
        QVERIFY(canGoOn());
        find<QLineEdit>("geneTexts")->setText(text("/there.tsv"));
        service_->panelAnswers = false;
        Q_EMIT find<QLineEdit>("geneTexts")->editingFinished();
        QVERIFY(!canGoOn());
        service_->answerPanel();
        QVERIFY(canGoOn());
        QVERIFY(said().contains(text("3 of 4")));
    }

    void anAnswerToOtherSettingsIsNotTaken() {
        chooseCohort();
        service_->panelAnswers = false;
        QVERIFY(next());
        QVERIFY(!canGoOn());
        find<QSpinBox>("size")->setValue(77);
        service_->answerPanel();
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("Show the genes")));
        find<QPushButton>("show")->click();
        QVERIFY(!canGoOn());
        service_->answerPanel();
        QVERIFY(canGoOn());
    }

    void anAnswerThatWasCancelledIsAskedForAgain() {
        chooseCohort();
        service_->panelAnswers = false;
        QVERIFY(next());
        wizard_->back();
        for (auto* button : wizard_->currentPage()->findChildren<QPushButton*>())
            if (button->text() == text("Stop")) button->click(); // takes back all that is asked
        service_->panelAnswers = true;
        QVERIFY(next());
        QVERIFY(canGoOn());
    }

    void theValuesAreDrawnWhereTheyWereMeasured() {
        chooseCohort();
        QVERIFY(next());
        const auto* shown = wizard_->currentPage()->findChild<SectionPicture*>();
        const auto audited = service_->cohort.sections.front().places.size();
        QCOMPARE(shown->values().size(), audited + 1);
        QCOMPARE(shown->places().size(), shown->values().size());
        QCOMPARE(shown->places().front(), QPointF(-500, -500));
    }

    void rolesThatWereKeptAreComparedWithTheSections() {
        chooseCohort();
        tick(0, false);
        const auto before = kept();
        open(before); // as it was left
        QCOMPARE(sections("training"), array({"P12"}));
        QVERIFY(!said().contains(text("proposed anew")));
        service_->cohort = drawnCohort({text("P1"), text("P2"), text("P4")});
        open(before);
        QVERIFY(said().contains(text("proposed anew")));
        QVERIFY(canGoOn());
        QCOMPARE(sections("training"), array({"P11", "P12"}));
        QCOMPARE(sections("reported"), array({"P41", "P42"}));
        auto nobody = before;
        auto roles = nobody[text("roles")].toObject();
        for (const char* name : {"P21", "P22"})
            roles[QLatin1String(name)] = text("left out");
        nobody[text("roles")] = roles;
        service_->cohort = drawnCohort({text("P1"), text("P2"), text("P3")});
        open(nobody);
        QVERIFY(said().contains(text("proposed anew")));
        QVERIFY(canGoOn());
    }

    void whatIsWrongWithTheSplitCanBeMendedOnTheFirstPage() {
        chooseCohort();
        tick(3, false); // P22
        QVERIFY(goTo(text("Training and test")));
        giveRole("P21", 3); // nobody decides when to stop
        QVERIFY(!canGoOn());
        backTo("Your sections");
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("decide when to stop")));
        QCOMPARE(find<QTableWidget>("sections")->item(2, 0)->checkState(), Qt::Unchecked);
        tick(2, true);
        QVERIFY(canGoOn());
        QCOMPARE(sections("validation"), array({"P21"}));
        QVERIFY(goTo(text("Training and test")));
        giveRole("P21", 3);
        backTo("Your sections");
        find<QPushButton>("anew")->click();
        QVERIFY(canGoOn());
        QCOMPARE(sections("validation"), array({"P31", "P32"}));
        QVERIFY(!find<QPushButton>("anew")->isVisible());
    }

    void anErrorOfAllSectionsEndsWhereOneIsLeftOut() {
        service_->cohort.notes = {
            {AuditNote::Severity::Error, {}, text("the sections have no gene in common"), {}}};
        chooseCohort();
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("no gene in common")));
        tick(5, false);
        QVERIFY(canGoOn());
        tick(5, true);
        QVERIFY(!canGoOn());
    }

    void aTickChangesNoOtherRole() {
        chooseCohort();
        QVERIFY(goTo(text("Training and test")));
        giveRole("P11", 2); // as the user wants it
        giveRole("P12", 2);
        giveRole("P31", 0);
        giveRole("P32", 0);
        backTo("Your sections");
        tick(4, false);
        QCOMPARE(sections("reported"), array({"P11", "P12"}));
        QCOMPARE(sections("training"), array({"P32"}));
        tick(4, true); // beside the other of its patient
        QCOMPARE(sections("training"), array({"P31", "P32"}));
        tick(2, false);
        tick(3, false); // now nobody would decide when to stop
        QVERIFY(!sections("validation").isEmpty());
        QVERIFY(canGoOn());
    }

    void aSectionThatCannotBeReadIsNotOffered() {
        service_->cohort.sections[1].wasRead = false;
        service_->cohort.notes = {{AuditNote::Severity::Error, text("P12"), text("it is damaged"), {}}};
        chooseCohort();
        const auto* item = find<QTableWidget>("sections")->item(1, 0);
        QVERIFY(!(item->flags() & Qt::ItemIsUserCheckable));
        QCOMPARE(item->checkState(), Qt::Unchecked);
        QVERIFY(canGoOn());
    }

    void otherSectionsToTrainOnHaveTheGenesPickedAnew() {
        chooseCohort();
        QVERIFY(goTo(text("Training and test")));
        const auto asked = service_->panelsAsked.size();
        service_->panelAnswers = false;
        giveRole("P12", 3);
        QCOMPARE(service_->panelsAsked.size(), asked + 1);
        QVERIFY(!canGoOn());
        service_->answerPanel();
        QVERIFY(canGoOn());
        service_->panelAnswers = true;
        service_->panelFails = text("section P21 did not measure FN1");
        giveRole("P12", 0);
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("did not measure FN1")));
        service_->panelFails.clear();
        giveRole("P12", 3);
        QVERIFY(goTo(text("Summary")));
        QVERIFY(said("summary").contains(text("4 gene(s)")));
    }

    void anotherCohortHasAnotherName() {
        chooseCohort();
        QVERIFY(goTo(text("Summary")));
        find<QLineEdit>("name")->setText(text("Model of A"));
        find<QLineEdit>("source")->setText(text("Clinic A"));
        backTo("Your sections");
        find<QLineEdit>("cohort")->setText(text("/data/other"));
        Q_EMIT find<QLineEdit>("cohort")->editingFinished();
        for (const char* key : {"name", "folder", "source"})
            QVERIFY2(draft_[QLatin1String(key)].toString().isEmpty(), key);
        QVERIFY(goTo(text("Summary")));
        QVERIFY(find<QLineEdit>("name")->text().startsWith(text("other")));
        QVERIFY(!wizard_->config().contains(text("source")));
    }

    void anAuditThatFailedIsTriedAgain() {
        service_->auditFails = text("the drive is not there");
        chooseCohort();
        auto* path = find<QLineEdit>("cohort");
        QCOMPARE(service_->auditsAsked.size(), 1);
        Q_EMIT path->editingFinished(); // as when the focus goes elsewhere
        QCOMPARE(service_->auditsAsked.size(), 1);
        service_->auditFails.clear();
        Q_EMIT path->returnPressed();
        QCOMPARE(service_->auditsAsked.size(), 2);
        QVERIFY(canGoOn());
        Q_EMIT path->returnPressed();
        QCOMPARE(service_->auditsAsked.size(), 2);
    }

    void aClusterThatCannotShareTheWork() {
        chooseCohort();
        QVERIFY(goTo(text("Where to train")));
        find<QRadioButton>("slurm")->click();
        QVERIFY(canGoOn());
        find<QSpinBox>("nodes")->setValue(3);
        QVERIFY(!canGoOn());
        QVERIFY(said("wrong").contains(text("among 3 processes")));
        find<QSpinBox>("nodes")->setValue(2);
        find<QSpinBox>("gpus")->setValue(2);
        QVERIFY2(canGoOn(), qPrintable(said("wrong")));
        backTo("Settings");
        find<QDoubleSpinBox>("members")->setValue(3);
        QVERIFY(next());
        QVERIFY(!canGoOn());
        QVERIFY(said("wrong").contains(text("Several networks")));
        find<QRadioButton>("here")->click();
        QVERIFY(canGoOn());
    }

    void aVerdictOnAPlaceIsForgottenWithIt() {
        chooseCohort();
        QVERIFY(goTo(text("Where to train")));
        find<QRadioButton>("slurm")->click();
        find<QPushButton>("check")->click();
        QVERIFY(said().contains(text("found the program")));
        find<QLineEdit>("partition")->setText(text("gpu"));
        QVERIFY(said().isEmpty());
        service_->placeAnswers = false;
        find<QPushButton>("check")->click();
        QVERIFY(!find<QPushButton>("check")->isEnabled());
        find<QLineEdit>("partition")->setText(text("cpu"));
        QVERIFY(find<QPushButton>("check")->isEnabled());
        Q_EMIT service_->placeChecked(true, text("fine"));
        QVERIFY(said().isEmpty()); // that was of the other partition
        find<QPushButton>("check")->click();
        QVERIFY(next());
        wizard_->back(); // the summary takes all questions back
        QVERIFY(find<QPushButton>("check")->isEnabled());
        QVERIFY(said().isEmpty());
    }

    void aPresetClickedTwiceKeepsWhatWasChanged() {
        chooseCohort();
        QVERIFY(goTo(text("Settings")));
        find<QDoubleSpinBox>("maximum_epochs")->setValue(7);
        find<QRadioButton>("laboratory")->click();
        QCOMPARE(wizard_->config()[text("maximum_epochs")].toInt(), 7);
        find<QRadioButton>("quick")->click();
        QVERIFY(wizard_->config()[text("maximum_epochs")].toInt() != 7);
    }

    void spotsComputedAtOnceHaveToFitAStep() {
        chooseCohort();
        QVERIFY(goTo(text("Settings")));
        auto* atOnce = find<QDoubleSpinBox>("micro_batch");
        atOnce->setValue(1);
        QVERIFY(!canGoOn());
        QVERIFY(said().contains(text("Spots computed at once")));
        atOnce->setValue(0);
        QVERIFY(canGoOn());
        find<QDoubleSpinBox>("batch")->setValue(8);
        atOnce->setValue(9);
        QVERIFY(!canGoOn());
        atOnce->setValue(8);
        QVERIFY(canGoOn());
    }

    void aModelThatIsGoneIsSaid() {
        auto draft = kept();
        draft[text("cohort")] = text("/data/cohort");
        draft[text("from")] = text("/gone/model.safetensors");
        open(draft);
        QVERIFY(goTo(text("Start")));
        QVERIFY(!canGoOn());
        QVERIFY(said("warning").contains(text("/gone/model.safetensors is not there")));
        WizardModel there{text("/gone/model.safetensors"), text("Back again"), {}, {}, text("uni-2")};
        wizard_->setModels({there});
        QVERIFY(!canGoOn());
        QVERIFY(said("warning").contains(text("image encoder uni-2")));
        wizard_->setEncoders({{text("uni-2"), 1536}});
        QVERIFY(canGoOn());
        QVERIFY(find<QComboBox>("from")->findText(text("With Back again")) > 0);
        find<QComboBox>("from")->setCurrentIndex(0);
        QVERIFY(next());
        QVERIFY(!canGoOn()); // spotglass-morphology-1 is not among those
        QVERIFY(said().contains(text("spotglass-morphology-1 is not here")));
        wizard_->setEncoders({{text("spotglass-morphology-1"), 128}, {text("uni-2"), 1536}});
        QVERIFY(canGoOn());
    }

    void anOpenWizardLearnsWhatThereIs() {
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_->path());
        FakeTrainingService trainings;
        FakeModelLibrary library;
        FakeEngineSettings engine;
        QMainWindow window;
        TrainingCommands commands({trainings, *service_, library, engine}, {SPOTGLASS_PRESETS, dir_->path()},
                                  window);
        commands.newTraining(text("/library/mine.safetensors"));
        wizard_.reset();
        auto* wizard = commands.wizard();
        Q_EMIT engine.encodersListed({{text("uni-2"), 1536, {}, EncoderListing::File::BuiltIn}});
        LibraryModel mine;
        mine.file = "/library/mine.safetensors";
        mine.name = text("Mine");
        library.all = {mine};
        Q_EMIT library.changed();
        const auto* from = wizard->findChild<QComboBox*>(text("from"));
        QVERIFY(from->findText(text("With Mine")) > 0);
        QVERIFY(wizard->findChild<QComboBox*>(text("encoder"))->findData(text("uni-2")) >= 0);
        delete wizard;
    }

    void whatWasTypedLastIsTakenWhenItCloses() {
        wizard_->activateWindow();
        auto* path = find<QLineEdit>("cohort");
        path->setFocus();
        QTRY_VERIFY(path->hasFocus());
        path->setText(text("/data/typed"));
        wizard_.reset();
        QCOMPARE(draft_[text("cohort")].toString(), text("/data/typed"));
    }

    void anOwnScaleBeginsWhereTheOtherIs() {
        chooseCohort();
        QVERIFY(goTo(text("Image")));
        find<QComboBox>("scale")->setCurrentIndex(1);
        QCOMPARE(wizard_->config()[text("microns_per_pixel")].toDouble(), 1.786); // 200 by 112 of the preset
    }

    void noLetterMeansTwoThings() {
        chooseCohort();
        do {
            if (auto* slurm = wizard_->currentPage()->findChild<QRadioButton*>(text("slurm"))) slurm->click();
            const auto doubled = doubledMnemonics(*wizard_);
            QVERIFY2(doubled.isEmpty(), qPrintable(doubled.join(u'\n')));
        } while (next());
        QCOMPARE(wizard_->currentPage()->title(), text("Summary"));
    }

    void theEstimateIsOfTheDriveOfTheRun() {
        service_->estimation.memoryGigabytes = 20; // of 16
        service_->estimation.diskAvailable = 0;
        service_->estimation.warnings =
            QStringList{text("This needs about as much memory as the computer has. Set micro_batch lower.")};
        chooseCohort();
        QVERIFY(goTo(text("Summary")));
        QCOMPARE(QString::fromStdString(service_->folderAsked.string()), find<QLineEdit>("folder")->text());
        const auto estimate = said("estimate");
        QVERIFY(estimate.contains(text("20 of 16 GB")));
        QVERIFY(estimate.contains(text("Room on the drive: 0.3 GB")));
        QVERIFY(estimate.contains(text("Spots computed at once")));
        QVERIFY(!estimate.contains(text("micro_batch")));
    }
};

QTEST_MAIN(TestTrainingWizardChoices)
#include "TestTrainingWizardChoices.moc"
