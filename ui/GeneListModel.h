#pragma once

#include "ui/Services.h"

#include <QAbstractTableModel>

namespace spotglass {

/// A model's genes with how far each can be trusted, for views: column 0 the symbol, column 1 the held-out
/// correlation (Qt::UserRole gives the number, for sorting; not known sorts last). GUI thread only.
class GeneListModel : public QAbstractTableModel {
    Q_OBJECT

  public:
    enum Column { Symbol, Agreement, ColumnCount };
    using QAbstractTableModel::QAbstractTableModel;

    void setGenes(const QList<GeneEntry>& genes);
    [[nodiscard]] const QList<GeneEntry>& genes() const { return genes_; }
    /// Row of a symbol, whatever its case; -1 when the panel does not have it.
    [[nodiscard]] int rowOf(const QString& symbol) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// What a held-out correlation means, in words.
    [[nodiscard]] static QString agreementInWords(const GeneEntry& gene);

  private:
    QList<GeneEntry> genes_;
};

} // namespace spotglass
