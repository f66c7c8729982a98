#include "ui/models/ModelCardText.h"

#include <algorithm>
#include <functional>
#include <QCoreApplication>
#include <QJsonArray>
#include <QLocale>

namespace spotglass {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("ModelCardText", text);
}

QString figure(const QJsonValue& value) {
    return value.isDouble() ? QLocale().toString(value.toDouble(), 'f', 3) : QString();
}

QString names(const QJsonValue& list) {
    QStringList all;
    for (const auto& name : list.toArray())
        if (name.isString()) all << name.toString();
    return all.join(QStringLiteral(", "));
}

QJsonObject part(const LibraryModel& model, const char* key) {
    return model.card[QLatin1String(key)].toObject();
}

/// Nothing of a card that could not be read: "0 genes" would be a statement about the model.
QString ofCard(const LibraryModel& model, const QString& text) {
    return model.card.isEmpty() ? QString() : text;
}

/// Its file, in words.
QString fileText(const LibraryModel& model) {
    if (model.builtIn) return tr("comes with the program");
    const auto when = QLocale().toString(model.added.date(), QLocale::ShortFormat);
    return tr("added %1").arg(when);
}

struct Line {
    const char* name;
    std::function<QString(const LibraryModel&)> value;
};

const Line kLines[] = {
    {QT_TRANSLATE_NOOP("ModelCardText", "Note"), [](const LibraryModel& m) { return m.note; }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Genes"),
     [](const LibraryModel& m) {
         return ofCard(m, QString::number(m.card[QStringLiteral("genes")].toArray().size()));
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Correlation on tissue it had not seen"),
     [](const LibraryModel& m) { return figure(part(m, "held_out")[QStringLiteral("pcc_all")]); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Ridge regression on the same images"),
     [](const LibraryModel& m) {
         return figure(part(m, "held_out")[QStringLiteral("pcc_all_of_ridge_with_context")]);
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "With the images shuffled"),
     [](const LibraryModel& m) {
         return figure(part(m, "held_out")[QStringLiteral("pcc_all_with_images_shuffled")]);
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Verdict"),
     [](const LibraryModel& m) {
         return part(m, "held_out")[QStringLiteral("verdict")]
             .toObject()[QStringLiteral("sentence")]
             .toString();
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "How that was found out"),
     [](const LibraryModel& m) { return part(m, "held_out")[QStringLiteral("protocol")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Trained on"),
     [](const LibraryModel& m) { return names(part(m, "training")[QStringLiteral("sections")]); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Fine-tuned from"),
     [](const LibraryModel& m) { return m.ancestors.join(QStringLiteral(", ")); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Made with it"),
     [](const LibraryModel& m) { return m.descendants.join(QStringLiteral(", ")); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Unit"),
     [](const LibraryModel& m) { return m.card[QStringLiteral("unit")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Patches"),
     [](const LibraryModel& m) {
         return ofCard(m, tr("%1 pixels of %2 micrometres")
                              .arg(m.card[QStringLiteral("patch_pixels")].toInt())
                              .arg(figure(m.card[QStringLiteral("microns_per_pixel")])));
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Spots"),
     [](const LibraryModel& m) {
         return ofCard(m,
                       tr("%1 micrometres apart, %2 array")
                           .arg(QLocale().toString(m.card[QStringLiteral("spot_pitch_um")].toDouble()),
                                m.card[QStringLiteral("array_geometry")].toString(QStringLiteral("square"))));
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Image encoder"),
     [](const LibraryModel& m) { return part(m, "image_encoder")[QStringLiteral("name")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Text encoder"),
     [](const LibraryModel& m) { return part(m, "text_encoder")[QStringLiteral("name")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Networks"),
     [](const LibraryModel& m) {
         return ofCard(m, QString::number(m.card[QStringLiteral("members")].toInt(1)));
     }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Licence"), [](const LibraryModel& m) { return m.licence; }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Source"),
     [](const LibraryModel& m) { return m.card[QStringLiteral("source")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "Date"),
     [](const LibraryModel& m) { return m.card[QStringLiteral("date")].toString(); }},
    {QT_TRANSLATE_NOOP("ModelCardText", "File"), fileText},
    {QT_TRANSLATE_NOOP("ModelCardText", "Checksum (SHA-256)"),
     [](const LibraryModel& m) {
         return m.sha256.isEmpty() ? QString() : m.sha256.left(16) + QStringLiteral("...");
     }},
};

QString genesText(const LibraryModel& model) {
    const auto pcc = part(model, "held_out")[QStringLiteral("pcc")].toObject();
    QList<QPair<double, QString>> scored;
    QStringList others;
    for (const auto& gene : model.card[QStringLiteral("genes")].toArray()) {
        const auto value = pcc[gene.toString()];
        if (value.isDouble())
            scored.append({value.toDouble(), gene.toString()});
        else
            others << gene.toString();
    }
    std::ranges::sort(scored, std::greater());
    QStringList all;
    for (const auto& [value, gene] : scored)
        all << QStringLiteral("%1&nbsp;%2").arg(gene.toHtmlEscaped(), QLocale().toString(value, 'f', 2));
    all += others;
    return QStringLiteral("<p><b>%1</b> %2</p>")
        .arg(tr("Genes, each with its own correlation:"), all.join(QStringLiteral(", ")));
}

} // namespace

QStringList cautionsOf(const LibraryModel& model) {
    QStringList all;
    if (model.state == LibraryModel::File::Missing)
        all << tr("Its file is missing: %1").arg(QString::fromStdString(model.file.string()));
    if (model.state == LibraryModel::File::Changed)
        all << tr("Its file is not the one that was added, or is damaged.");
    if (!model.warning.isEmpty()) all << model.warning;
    return all;
}

QString cardsText(const QList<LibraryModel>& models) {
    if (models.isEmpty()) return {};
    QString text = QStringLiteral("<table cellpadding='3'><tr><th></th>");
    for (const auto& model : models)
        text += QStringLiteral("<th align='left'>%1</th>").arg(model.name.toHtmlEscaped());
    text += QStringLiteral("</tr><tr><td></td>");
    for (const auto& model : models)
        text += QStringLiteral("<td><b>%1</b></td>")
                    .arg(cautionsOf(model).join(QStringLiteral(" ")).toHtmlEscaped());
    text += QStringLiteral("</tr>");
    for (const auto& line : kLines) {
        QStringList values;
        for (const auto& model : models)
            values << line.value(model);
        if (std::ranges::all_of(values, &QString::isEmpty)) continue;
        text += QStringLiteral("<tr><td valign='top'><i>%1</i></td>").arg(tr(line.name).toHtmlEscaped());
        for (const auto& value : values)
            text += QStringLiteral("<td valign='top'>%1</td>").arg(value.toHtmlEscaped());
        text += QStringLiteral("</tr>");
    }
    text += QStringLiteral("</table>");
    if (models.size() == 1 && !models.front().card.isEmpty()) text += genesText(models.front());
    return text +
           QStringLiteral("<p>%1</p>")
               .arg(
                   tr("Research use only. Predicted expression is not a measurement and not for diagnosis."));
}

} // namespace spotglass
