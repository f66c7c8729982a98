#include "ui/training/jobs/JobText.h"

#include <cmath>
#include <QCoreApplication>

namespace spotglass {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("JobText", text);
}

} // namespace

QString stateInWords(const TrainingJob& job) {
    using State = TrainingJob::State;
    switch (job.state) {
    case State::Waiting:
        return tr("waiting");
    case State::Running:
        return tr("running");
    case State::Paused:
        return tr("paused");
    case State::Done:
        return tr("done");
    case State::Failed:
        return tr("failed");
    case State::Cancelled:
        break;
    }
    return tr("cancelled");
}

QString timeInWords(double seconds) {
    const auto rounded = [](double value) { return static_cast<int>(std::ceil(value)); };
    if (seconds < 90) return tr("%1 s").arg(rounded(seconds));
    if (seconds < 5400) return tr("%1 min").arg(rounded(seconds / 60));
    if (seconds < 2 * 86400) return tr("%1 h").arg(rounded(seconds / 3600));
    return tr("%1 days").arg(rounded(seconds / 86400));
}

QString progressInWords(const TrainingJob& job) {
    QStringList parts{stateInWords(job)};
    if (job.epoch > 0) parts << tr("round %1 of at most %2").arg(job.epoch).arg(job.epochs);
    if (job.state == TrainingJob::State::Running && job.secondsLeft)
        parts << tr("at most %1 left").arg(timeInWords(*job.secondsLeft));
    if (job.place.slurm)
        parts << (job.clusterJob.isEmpty() ? tr("on the cluster")
                                           : tr("on the cluster, number %1").arg(job.clusterJob));
    if (!job.sentence.isEmpty()) parts << job.sentence;
    return parts.join(QStringLiteral(" - "));
}

} // namespace spotglass
