#pragma once

class QWidget;

namespace spotglass {

/// Shows what the program is, its licence and what it is not for. Returns at once; the dialog deletes itself.
/// GUI thread.
void showAbout(QWidget* parent);

} // namespace spotglass
