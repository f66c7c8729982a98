#include "ui/GeneListModel.h"

#include <cmath>

namespace spotglass {

void GeneListModel::setGenes(const QList<GeneEntry>& genes) {
    beginResetModel();
    genes_ = genes;
    endResetModel();
}

int GeneListModel::rowOf(const QString& symbol) const {
    for (qsizetype row = 0; row < genes_.size(); ++row)
        if (genes_[row].symbol.compare(symbol, Qt::CaseInsensitive) == 0) return static_cast<int>(row);
    return -1;
}

int GeneListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(genes_.size());
}

int GeneListModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(ColumnCount);
}

QVariant GeneListModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= genes_.size()) return {};
    const GeneEntry& gene = genes_[index.row()];
    const bool known = std::isfinite(gene.heldOutPcc);
    switch (role) {
    case Qt::DisplayRole:
        if (index.column() == Symbol) return gene.symbol;
        return known ? QString::number(gene.heldOutPcc, 'f', 2) : tr("not known");
    case Qt::UserRole:
        if (index.column() == Symbol) return gene.symbol;
        return known ? gene.heldOutPcc : -2.0;
    case Qt::ToolTipRole:
        return agreementInWords(gene);
    case Qt::TextAlignmentRole:
        return QVariant(Qt::AlignVCenter | (index.column() == Symbol ? Qt::AlignLeft : Qt::AlignRight));
    default:
        return {};
    }
}

QVariant GeneListModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::DisplayRole) return section == Symbol ? tr("Gene") : tr("Held-out correlation");
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignVCenter | (section == Symbol ? Qt::AlignLeft : Qt::AlignRight));
    if (role == Qt::ToolTipRole && section == Agreement)
        return tr("How well the prediction of a gene agreed with measurements on sections the model had not "
                  "seen: 1 is "
                  "perfect, 0 is no agreement.");
    return {};
}

QString GeneListModel::agreementInWords(const GeneEntry& gene) {
    const double pcc = gene.heldOutPcc;
    if (!std::isfinite(pcc))
        return tr("It is not known how well predictions of %1 agree with measurements. Take them with great "
                  "care.")
            .arg(gene.symbol);
    const QString words = pcc < 0.1   ? tr("hardly agreed")
                          : pcc < 0.3 ? tr("agreed weakly")
                          : pcc < 0.5 ? tr("agreed moderately")
                          : pcc < 0.7 ? tr("agreed well")
                                      : tr("agreed very well");
    return tr("On sections the model had not seen, predictions of %1 %2 with measurements (correlation %3; 1 "
              "is perfect, 0 "
              "is no agreement).")
        .arg(gene.symbol, words, QString::number(pcc, 'f', 2));
}

} // namespace spotglass
