#pragma once

#include <QDialog>

class QLineEdit;
class QPlainTextEdit;

namespace spotglass {

/// Asks for what a user says of a model: its name, a note, a licence.
class ModelWordsDialog final : public QDialog {
    Q_OBJECT

  public:
    struct Words {
        QString name, note, licence;
    };
    /// Deletes itself when it is closed.
    ModelWordsDialog(const QString& title, const Words& words, QWidget* parent = nullptr);

    [[nodiscard]] Words words() const;

  private:
    QLineEdit *name_, *licence_;
    QPlainTextEdit* note_;
};

} // namespace spotglass
