#pragma once

#include "ui/models/ModelLibraryService.h"

namespace spotglass {

/// The cards of models as rich text: one beside the other, a line for everything that is known of them; of a
/// single one its genes, too, the best predicted first.
[[nodiscard]] QString cardsText(const QList<LibraryModel>& models);

/// What is wrong with the file or to be known of the model, one sentence each; empty where nothing is.
[[nodiscard]] QStringList cautionsOf(const LibraryModel& model);

} // namespace spotglass
