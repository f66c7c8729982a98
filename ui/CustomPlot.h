#pragma once

/// QCustomPlot. It is written with Qt's keywords, which this program does without (QT_NO_KEYWORDS).
#include <QObject>
#include <QtGlobal>

#define signals Q_SIGNALS
#define slots Q_SLOTS
#define emit Q_EMIT
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef emit
#undef foreach
