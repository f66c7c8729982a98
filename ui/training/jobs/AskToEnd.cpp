#include "ui/training/jobs/AskToEnd.h"

#include <QCoreApplication>
#include <QMessageBox>
#include <QPushButton>

namespace spotglass {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("AskToEnd", text);
}

} // namespace

void askToEnd(const TrainingJob& job, bool removed, QWidget* parent, std::function<void()> end) {
    const auto question =
        removed
            ? tr("End the training of %1, and take it off the list? Its folder stays, with the best model so "
                 "far.")
            : tr("End the training of %1? The best model so far is kept, and it can be resumed later.");
    auto* box =
        new QMessageBox(QMessageBox::Question, removed ? tr("Remove training") : tr("Cancel training"),
                        question.arg(job.name), QMessageBox::NoButton, parent);
    box->setObjectName(removed ? QStringLiteral("endAndRemove") : QStringLiteral("endTraining"));
    auto* yes = box->addButton(tr("&End it"), QMessageBox::AcceptRole);
    yes->setObjectName(QStringLiteral("end"));
    box->addButton(tr("&Go on"), QMessageBox::RejectRole);
    box->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(yes, &QPushButton::clicked, parent, std::move(end));
    box->open();
}

} // namespace spotglass
