#include "app/cli/bench/TrainingBench.h"

#include "viewer/base/Process.h"

#include <QProcess>

namespace spotglass {

Result<void> runTrainingBench(const std::vector<std::string>& arguments) {
    const auto program = executableFolder() / "bench_training";
    QStringList list;
    for (const auto& argument : arguments)
        list.append(QString::fromStdString(argument));
    constexpr int cannotStart = -2; // QProcess::execute()
    const int code = QProcess::execute(QString::fromStdString(program.string()), list);
    if (code == cannotStart)
        return fail(ErrorKind::Usage, "the program bench_training is not beside this one", program.string(),
                    "A build of the sources has it, an installation has not");
    if (code != 0)
        return fail(ErrorKind::Device, "bench_training ended with exit code " + std::to_string(code));
    return {};
}

} // namespace spotglass
