#include "viewer/tiles/BackgroundReader.h"

namespace spotglass {

BackgroundReader::BackgroundReader(QObject* parent) : QObject(parent) {
    pool_.setMaxThreadCount(1);
}

// The pool is not cleared: that would release what the work holds, such as a slide, on this thread.
BackgroundReader::~BackgroundReader() {
    ++ticket_;
    pool_.waitForDone();
}

void BackgroundReader::forget() {
    ++ticket_;
    waiting_ = 0;
}

} // namespace spotglass
