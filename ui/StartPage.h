#pragma once

#include "ui/Services.h"

#include <QWidget>

class QLabel;
class QGridLayout;

namespace spotglass {

/// What the window shows before a slide is opened: how to begin. GUI thread only.
class StartPage : public QWidget {
    Q_OBJECT

  public:
    explicit StartPage(QWidget* parent = nullptr);

    /// Offers these, newest first; at most six are shown.
    void setRecentSlides(const QList<RecentSlide>& slides);
    /// Says that a slide is being opened; an empty name ends it.
    void showOpening(const QString& name);

  Q_SIGNALS:
    void openWanted();
    void slideChosen(const QString& file);

  private:
    QLabel* hint_;
    QLabel* recentTitle_;
    QGridLayout* recent_;
};

} // namespace spotglass
