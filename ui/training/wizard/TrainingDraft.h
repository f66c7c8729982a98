#pragma once

#include "ui/training/TrainingServices.h"

namespace spotglass {

/// What a section does in a training.
enum class SectionRole {
    LeftOut,
    Training,
    Validation, ///< decides when to stop
    Reported    ///< takes no part; the finished model is judged on it
};

/// All that was chosen in the wizard so far. A value type; kept between sessions as one JSON object.
struct TrainingDraft {
    QString cohort;                        ///< folder or file
    QMap<QString, SectionRole> roles = {}; ///< by section
    bool samePatient = false;              ///< the user knows that a patient is on two sides
    QString panelMethod = QStringLiteral("spatially_variable"); ///< or most_variable, most_expressed, list
    int panelSize = 250, minimumTotal = 1000;
    QStringList mustHave = {QStringLiteral("FN1"), QStringLiteral("HSPB1"), QStringLiteral("ERBB2")};
    QStringList ownGenes = {};      ///< for the method "list"
    QString geneTexts = {};         ///< a table; empty: none
    QString from = {};              ///< a model file; empty: from scratch
    bool keepPanel = true;          ///< the panel of that model, where there is one
    QJsonObject learningRates = {}; ///< factors of the model's parts; empty: all alike
    QString imageEncoder = QStringLiteral("spotglass-morphology-1");
    double micronsPerPixel = 0; ///< of the patches; 0: a patch is as wide as the spots are apart
    QString preset = QStringLiteral("laboratory");
    QJsonObject changes = {}; ///< what is set otherwise than in the preset
    TrainingPlace place = {};
    QString name = {}, licence = {}, source = {}, folder = {};

    [[nodiscard]] QStringList sectionsOf(SectionRole role) const;
    /// What `spotglass-cli train --config` takes: the preset's keys, and over them what was chosen.
    [[nodiscard]] QJsonObject config(const QJsonObject& presetConfig) const;

    [[nodiscard]] QJsonObject toJson() const;
    [[nodiscard]] static TrainingDraft fromJson(const QJsonObject& json);
};

/// Roles by patient: the last one is reported, the one before decides when to stop, the others train; with
/// two patients none is reported; with one the sections take the patients' places. Only of sections that can
/// be used.
[[nodiscard]] QMap<QString, SectionRole> proposedRoles(const AuditedCohort& cohort);

/// Whether a section can take part at all: its counts were read, and its image can be opened.
[[nodiscard]] bool isUsable(const AuditedSection& section);
/// Whether somebody trains and somebody decides when to stop.
[[nodiscard]] bool areComplete(const QMap<QString, SectionRole>& roles);
/// proposedRoles() of the sections that are not left out.
[[nodiscard]] QMap<QString, SectionRole> proposedAmongUsed(const AuditedCohort& cohort,
                                                           const QMap<QString, SectionRole>& roles);
/// Roles that were kept, of the sections that there are now: as they were, or proposed anew where a section
/// is new or gone and where they are not complete.
[[nodiscard]] QMap<QString, SectionRole> fittedRoles(const AuditedCohort& cohort,
                                                     const QMap<QString, SectionRole>& kept);
/// Takes one section in, or leaves it out. The others keep their roles, unless these are not complete without
/// it.
[[nodiscard]] QMap<QString, SectionRole> withSection(const AuditedCohort& cohort,
                                                     const QMap<QString, SectionRole>& roles,
                                                     const QString& section, bool used);

/// The patients that have sections in more than one role, with a sentence each.
[[nodiscard]] QStringList leaks(const AuditedCohort& cohort, const QMap<QString, SectionRole>& roles);

/// Why a training cannot begin with these roles, a sentence; empty where it can.
[[nodiscard]] QString whyNotTrainable(const AuditedCohort& cohort, const QMap<QString, SectionRole>& roles);

} // namespace spotglass
