#include "ui/ColorPresenter.h"

#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SlidePyramid.h"

#include <algorithm>
#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <utility>

namespace spotglass {
namespace {

constexpr int overviewSide = 512; ///< pixels in which the glass is looked for

/// The colour of the glass in an overview of the slide; nothing when there is none or it cannot be read.
std::optional<WhitePoint> glassOf(const SlideSource& slide, const ColorCorrection& profile) {
    const auto info = slide.info();
    const Level0Rect all = level0Bounds(*info);
    const double shrink = std::max({1.0, all.width / overviewSide, all.height / overviewSide});
    auto picture = readLevel0Region(slide, all, std::max(1, static_cast<int>(all.width / shrink)),
                                    std::max(1, static_cast<int>(all.height / shrink)));
    if (!picture) return std::nullopt;
    profile.apply(picture->pixels.data(), picture->pixels.size());
    return estimateWhitePoint(picture->pixels.data(), picture->pixels.size());
}

} // namespace

/// A snapshot of what is asked for; runs on another thread.
struct ColorPresenter::Job {
    std::shared_ptr<const SlideSource> slide;
    std::optional<IccBytes> profile;
    ColorSettings settings;
    bool balance = false;

    [[nodiscard]] Result<ColorCorrection> run() {
        settings.whitePoint.reset();
        if (balance && slide) {
            ColorSettings profileAlone;
            profileAlone.useIccProfile = settings.useIccProfile;
            const auto before = ColorCorrection::make(profileAlone, profile);
            settings.whitePoint = glassOf(*slide, before ? *before : ColorCorrection());
        }
        return ColorCorrection::make(settings, profile);
    }
};

ColorPresenter::ColorPresenter(SlideView& view, QObject* parent) : QObject(parent), view_(view) {}
ColorPresenter::~ColorPresenter() = default;

void ColorPresenter::setSlide(std::shared_ptr<const SlideSource> slide, std::optional<IccBytes> profile) {
    slide_ = std::move(slide);
    profile_ = std::move(profile);
    start();
}

void ColorPresenter::setSettings(const ColorSettings& settings, bool balance) {
    settings_ = settings;
    balance_ = balance;
    start();
}

void ColorPresenter::start() {
    ColorSettings settings = settings_;
    settings.useIccProfile = settings_.useIccProfile && profile_;
    if (settings == ColorSettings() && !balance_ && !running_) { // the usual case needs no thread
        view_.setColorCorrection({});
        Q_EMIT shown();
        return;
    }
    if (running_) {
        again_ = true;
        return;
    }
    running_ = true;
    QThreadPool::globalInstance()->start(
        [job = Job{slide_, profile_, settings, balance_}, self = QPointer(this)]() mutable {
            Result<ColorCorrection> made = job.run();
            job.slide.reset(); // its last reference closes files, which is not for the GUI thread
            QMetaObject::invokeMethod(
                QCoreApplication::instance(),
                [self, made = std::move(made)] {
                    if (!self) return;
                    self->running_ = false;
                    if (std::exchange(self->again_, false)) return self->start();
                    self->view_.setColorCorrection(made ? *made : ColorCorrection());
                    if (!made) Q_EMIT self->failed(QString::fromStdString(made.error().sentence()));
                    Q_EMIT self->shown();
                },
                Qt::QueuedConnection);
        });
}

} // namespace spotglass
