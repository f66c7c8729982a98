#pragma once

#include "ui/Services.h"

#include <QList>
#include <QString>

namespace spotglass {

/// One line of what is known about a slide.
struct SheetRow {
    enum class Part {
        Summary, ///< in our words
        File     ///< as it stands in the file; may hold what identifies a patient
    };
    Part part = Part::Summary;
    QString name, value;
};

/// Everything that the file says about a slide: size, levels, scale and where it comes from, colour profile,
/// warnings, and then the file's own properties. Blocking (asks the disk for the size of the file); any
/// thread.
[[nodiscard]] QList<SheetRow> slideSheet(const OpenedSlide& slide);

} // namespace spotglass
