#pragma once

#include "app/desktop/SerialWorker.h"

#include <QMetaObject>
#include <QPointer>
#include <utility>

namespace spotglass {

/// Does `work()` on the worker, then `answer(result)` on the thread of `asker`; without the answer when the
/// asker has gone meanwhile. For objects that own their worker and wait for it in their destructor. Does not
/// block.
template <typename Asker, typename Work, typename Answer>
void askWorker(SerialWorker& worker, Asker* asker, Work work, Answer answer) {
    worker.post([asker, self = QPointer<Asker>(asker), work = std::move(work), answer = std::move(answer)] {
        auto result = work();
        QMetaObject::invokeMethod(
            asker,
            [self, answer, result = std::move(result)] {
                if (self) answer(result);
            },
            Qt::QueuedConnection);
    });
}

} // namespace spotglass
