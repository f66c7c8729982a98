#include "ui/training/wizard/TrainingDraft.h"

#include <algorithm>
#include <array>
#include <QCoreApplication>
#include <QJsonArray>
#include <QSet>

namespace spotglass {
namespace {

constexpr std::array<std::pair<SectionRole, const char*>, 4> kRoles{{{SectionRole::LeftOut, "left out"},
                                                                     {SectionRole::Training, "training"},
                                                                     {SectionRole::Validation, "validation"},
                                                                     {SectionRole::Reported, "reported"}}};

QString tr(const char* text) {
    return QCoreApplication::translate("TrainingDraft", text);
}

QStringList strings(const QJsonValue& list) {
    QStringList all;
    for (const QJsonValue& one : list.toArray())
        all << one.toString();
    return all;
}

QJsonObject placeJson(const TrainingPlace& p) {
    return {{QStringLiteral("slurm"), p.slurm},
            {QStringLiteral("partition"), p.partition},
            {QStringLiteral("nodes"), p.nodes},
            {QStringLiteral("gpus"), p.gpus},
            {QStringLiteral("processors"), p.processors},
            {QStringLiteral("memory"), p.memoryGigabytes},
            {QStringLiteral("time"), p.time},
            {QStringLiteral("modules"), QJsonArray::fromStringList(p.modules)},
            {QStringLiteral("container"), p.container},
            {QStringLiteral("program"), p.program}};
}

TrainingPlace placeFrom(const QJsonObject& j) {
    TrainingPlace p;
    p.slurm = j[QStringLiteral("slurm")].toBool();
    p.partition = j[QStringLiteral("partition")].toString();
    p.nodes = j[QStringLiteral("nodes")].toInt(p.nodes);
    p.gpus = j[QStringLiteral("gpus")].toInt(p.gpus);
    p.processors = j[QStringLiteral("processors")].toInt(p.processors);
    p.memoryGigabytes = j[QStringLiteral("memory")].toInt(p.memoryGigabytes);
    p.time = j[QStringLiteral("time")].toString(p.time);
    p.modules = strings(j[QStringLiteral("modules")]);
    p.container = j[QStringLiteral("container")].toString();
    p.program = j[QStringLiteral("program")].toString();
    return p;
}

/// Sections that can be used, in the order of the cohort, by what is held apart: the patient, or with one
/// patient the section.
QList<QPair<QString, QStringList>> groupsOf(const AuditedCohort& cohort) {
    QList<QPair<QString, QStringList>> groups;
    const bool bySection = cohort.patients.size() < 2;
    for (const auto& section : cohort.sections) {
        if (!isUsable(section)) continue;
        const auto& name = bySection ? section.name : section.patient;
        if (groups.isEmpty() || groups.back().first != name) {
            bool known = false;
            for (auto& group : groups)
                if (group.first == name) {
                    group.second << section.name;
                    known = true;
                }
            if (known) continue;
            groups.append({name, {}});
        }
        groups.back().second << section.name;
    }
    return groups;
}

} // namespace

QStringList TrainingDraft::sectionsOf(SectionRole role) const {
    QStringList names;
    for (auto one = roles.begin(); one != roles.end(); ++one)
        if (one.value() == role) names << one.key();
    return names;
}

QJsonObject TrainingDraft::config(const QJsonObject& presetConfig) const {
    QJsonObject config = presetConfig;
    if (!from.isEmpty()) { // these are the parent's
        for (const char* key :
             {"model", "image_encoder", "feature_scale", "patch_pixels", "microns_per_pixel"})
            config.remove(QLatin1String(key));
        config[QStringLiteral("from")] = from;
        if (!learningRates.isEmpty()) config[QStringLiteral("learning_rates")] = learningRates;
    } else {
        config[QStringLiteral("image_encoder")] = imageEncoder;
        if (micronsPerPixel > 0) config[QStringLiteral("microns_per_pixel")] = micronsPerPixel;
    }
    if (panelMethod == QLatin1String("list"))
        config[QStringLiteral("genes")] = QJsonArray::fromStringList(ownGenes);
    else if (from.isEmpty() || !keepPanel)
        config[QStringLiteral("panel")] =
            QJsonObject{{QStringLiteral("method"), panelMethod},
                        {QStringLiteral("size"), panelSize},
                        {QStringLiteral("minimum_total"), minimumTotal},
                        {QStringLiteral("must_have"), QJsonArray::fromStringList(mustHave)}};
    if (!geneTexts.isEmpty()) config[QStringLiteral("gene_texts")] = geneTexts;
    for (auto change = changes.begin(); change != changes.end(); ++change)
        config[change.key()] = change.value();
    config[QStringLiteral("cohort")] = cohort;
    config[QStringLiteral("sections")] = QJsonObject{
        {QStringLiteral("training"), QJsonArray::fromStringList(sectionsOf(SectionRole::Training))},
        {QStringLiteral("validation"), QJsonArray::fromStringList(sectionsOf(SectionRole::Validation))},
        {QStringLiteral("reported"), QJsonArray::fromStringList(sectionsOf(SectionRole::Reported))}};
    if (samePatient) config[QStringLiteral("same_patient")] = true;
    for (const auto& [key, value] : {std::pair{"name", name}, {"licence", licence}, {"source", source}})
        if (!value.isEmpty()) config[QLatin1String(key)] = value;
    return config;
}

QJsonObject TrainingDraft::toJson() const {
    QJsonObject kept;
    for (auto one = roles.begin(); one != roles.end(); ++one)
        for (const auto& [role, word] : kRoles)
            if (role == one.value()) kept[one.key()] = QLatin1String(word);
    return {{QStringLiteral("cohort"), cohort},
            {QStringLiteral("roles"), kept},
            {QStringLiteral("same_patient"), samePatient},
            {QStringLiteral("panel_method"), panelMethod},
            {QStringLiteral("panel_size"), panelSize},
            {QStringLiteral("minimum_total"), minimumTotal},
            {QStringLiteral("must_have"), QJsonArray::fromStringList(mustHave)},
            {QStringLiteral("own_genes"), QJsonArray::fromStringList(ownGenes)},
            {QStringLiteral("gene_texts"), geneTexts},
            {QStringLiteral("from"), from},
            {QStringLiteral("keep_panel"), keepPanel},
            {QStringLiteral("learning_rates"), learningRates},
            {QStringLiteral("image_encoder"), imageEncoder},
            {QStringLiteral("microns_per_pixel"), micronsPerPixel},
            {QStringLiteral("preset"), preset},
            {QStringLiteral("changes"), changes},
            {QStringLiteral("place"), placeJson(place)},
            {QStringLiteral("name"), name},
            {QStringLiteral("licence"), licence},
            {QStringLiteral("source"), source},
            {QStringLiteral("folder"), folder}};
}

TrainingDraft TrainingDraft::fromJson(const QJsonObject& j) {
    TrainingDraft d;
    const auto text = [&](const char* key, QString& value) { value = j[QLatin1String(key)].toString(value); };
    text("cohort", d.cohort);
    const auto roles = j[QStringLiteral("roles")].toObject();
    for (auto one = roles.begin(); one != roles.end(); ++one)
        for (const auto& [role, word] : kRoles)
            if (one.value().toString() == QLatin1String(word)) d.roles[one.key()] = role;
    d.samePatient = j[QStringLiteral("same_patient")].toBool();
    text("panel_method", d.panelMethod);
    d.panelSize = j[QStringLiteral("panel_size")].toInt(d.panelSize);
    d.minimumTotal = j[QStringLiteral("minimum_total")].toInt(d.minimumTotal);
    if (j.contains(QStringLiteral("must_have"))) d.mustHave = strings(j[QStringLiteral("must_have")]);
    d.ownGenes = strings(j[QStringLiteral("own_genes")]);
    text("gene_texts", d.geneTexts);
    text("from", d.from);
    d.keepPanel = j[QStringLiteral("keep_panel")].toBool(true);
    d.learningRates = j[QStringLiteral("learning_rates")].toObject();
    text("image_encoder", d.imageEncoder);
    d.micronsPerPixel = j[QStringLiteral("microns_per_pixel")].toDouble();
    text("preset", d.preset);
    d.changes = j[QStringLiteral("changes")].toObject();
    d.place = placeFrom(j[QStringLiteral("place")].toObject());
    text("name", d.name);
    text("licence", d.licence);
    text("source", d.source);
    text("folder", d.folder);
    return d;
}

QMap<QString, SectionRole> proposedRoles(const AuditedCohort& cohort) {
    const auto groups = groupsOf(cohort);
    QMap<QString, SectionRole> roles;
    for (const auto& section : cohort.sections)
        roles[section.name] = SectionRole::LeftOut;
    for (qsizetype i = 0; i < groups.size(); ++i) {
        const auto left = groups.size() - 1 - i; // after it
        auto role = SectionRole::Training;
        if (groups.size() >= 3 && left == 0) role = SectionRole::Reported;
        if ((groups.size() >= 3 && left == 1) || (groups.size() == 2 && left == 0))
            role = SectionRole::Validation;
        for (const auto& name : groups[i].second)
            roles[name] = role;
    }
    return roles;
}

bool isUsable(const AuditedSection& section) {
    return section.wasRead && !section.thumbnail.isNull();
}

bool areComplete(const QMap<QString, SectionRole>& roles) {
    const auto values = roles.values();
    return values.contains(SectionRole::Training) && values.contains(SectionRole::Validation);
}

QMap<QString, SectionRole> proposedAmongUsed(const AuditedCohort& cohort,
                                             const QMap<QString, SectionRole>& roles) {
    auto used = cohort;
    used.sections.removeIf([&](const AuditedSection& section) {
        return roles.value(section.name, SectionRole::LeftOut) == SectionRole::LeftOut;
    });
    used.patients.clear();
    for (const auto& section : used.sections)
        if (!used.patients.contains(section.patient)) used.patients << section.patient;
    auto proposed = proposedRoles(used);
    for (const auto& section : cohort.sections)
        if (!proposed.contains(section.name)) proposed[section.name] = SectionRole::LeftOut;
    return proposed;
}

QMap<QString, SectionRole> fittedRoles(const AuditedCohort& cohort, const QMap<QString, SectionRole>& kept) {
    QMap<QString, SectionRole> fitted;
    for (const auto& section : cohort.sections) {
        if (!kept.contains(section.name)) return proposedRoles(cohort);
        fitted[section.name] = isUsable(section) ? kept[section.name] : SectionRole::LeftOut;
    }
    return fitted.size() == kept.size() && areComplete(fitted) ? fitted : proposedRoles(cohort);
}

QMap<QString, SectionRole> withSection(const AuditedCohort& cohort, const QMap<QString, SectionRole>& roles,
                                       const QString& section, bool used) {
    auto changed = roles;
    changed[section] =
        used ? proposedRoles(cohort).value(section, SectionRole::Training) : SectionRole::LeftOut;
    const auto own = std::ranges::find(cohort.sections, section, &AuditedSection::name);
    if (used && cohort.patients.size() > 1) // beside the patient's others, so that nothing leaks
        for (const auto& other : cohort.sections) {
            const auto role = roles.value(other.name, SectionRole::LeftOut);
            if (own == cohort.sections.end() || other.patient != own->patient || other.name == section)
                continue;
            if (role != SectionRole::LeftOut) changed[section] = role;
        }
    return areComplete(changed) ? changed : proposedAmongUsed(cohort, changed);
}

QStringList leaks(const AuditedCohort& cohort, const QMap<QString, SectionRole>& roles) {
    QStringList sentences;
    for (const auto& patient : cohort.patients) {
        QSet<SectionRole> used;
        for (const auto& section : cohort.sections)
            if (section.patient == patient) used.insert(roles.value(section.name, SectionRole::LeftOut));
        used.remove(SectionRole::LeftOut);
        if (used.size() > 1)
            sentences
                << tr("Sections of patient %1 are on more than one side. They resemble each other, so the "
                      "figures will promise too much.")
                       .arg(patient);
    }
    return sentences;
}

QString whyNotTrainable(const AuditedCohort& cohort, const QMap<QString, SectionRole>& roles) {
    const auto values = roles.values();
    if (cohort.sections.isEmpty()) return tr("There is no section.");
    if (!values.contains(SectionRole::Training)) return tr("No section is left to train on.");
    if (!values.contains(SectionRole::Validation))
        return tr(
            "One section has to decide when to stop. Without it the training would go on for too long, and "
            "the model would learn its sections by heart.");
    // What concerns all sections may be over when one of them is left out; it is said later if not.
    const bool all = std::ranges::all_of(cohort.sections, [&](const AuditedSection& section) {
        return !isUsable(section) || roles.value(section.name, SectionRole::LeftOut) != SectionRole::LeftOut;
    });
    for (const auto& note : cohort.notes) {
        if (note.severity != AuditNote::Severity::Error) continue;
        if (note.section.isEmpty() && all)
            return tr("%1. %2Mend it, or leave out the section that does not fit.")
                .arg(note.what, note.hint.isEmpty() ? QString() : note.hint + QStringLiteral(". "));
        if (roles.value(note.section, SectionRole::LeftOut) != SectionRole::LeftOut)
            return tr("Section %1 cannot be used: %2. Leave it out, or mend it.")
                .arg(note.section, note.what);
    }
    return {};
}

} // namespace spotglass
