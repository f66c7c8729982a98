#include "ui/AboutDialog.h"

#include <QCoreApplication>
#include <QMessageBox>

namespace spotglass {
namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(AboutDialog)
};

} // namespace

void showAbout(QWidget* parent) {
    auto* box = new QMessageBox(parent);
    box->setObjectName(QStringLiteral("About"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setWindowTitle(Words::tr("About Spotglass"));
    box->setText(QStringLiteral("<h3>Spotglass %1</h3>").arg(QCoreApplication::applicationVersion()));
    box->setInformativeText(Words::tr(
        "<p>Shows gene expression in H&amp;E slides, predicted from the picture of the tissue alone.</p>"
        "<p><b>Research use only.</b> Predictions are not measurements and not for diagnosis.</p>"
        "<p>Free software under the GNU General Public License, version 3 or later (GPL-3.0-or-later), "
        "without "
        "warranty.</p>"));
    box->setStandardButtons(QMessageBox::Close);
    box->open();
}

} // namespace spotglass
