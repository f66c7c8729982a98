#pragma once

#include <QStringList>
#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace spotglass {

/// What the window shows before a slide is opened: how to begin. GUI thread only.
class StartPage : public QWidget {
    Q_OBJECT

  public:
    explicit StartPage(QWidget* parent = nullptr);

    /// Offers these files, newest first; at most six are shown.
    void setRecentSlides(const QStringList& files);
    /// Says that a slide is being opened; an empty name ends it.
    void showOpening(const QString& name);

  Q_SIGNALS:
    void openWanted();
    void slideChosen(const QString& file);

  private:
    QLabel* hint_;
    QLabel* recentTitle_;
    QVBoxLayout* recent_;
};

} // namespace spotglass
