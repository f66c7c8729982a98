#pragma once

#include <memory>
#include <string>
#include <vector>

namespace spotglass {

/// Turns what is known of a gene into its semantic embedding. Deterministic; const functions are safe on
/// every thread.
class TextEncoder {
  public:
    virtual ~TextEncoder() = default;
    [[nodiscard]] virtual std::string name() const = 0; ///< what the model card stores
    [[nodiscard]] virtual int width() const = 0;        ///< T
    /// The embedding of a gene's symbol and summary (may be empty): T numbers of about unit variance.
    [[nodiscard]] virtual std::vector<float> embed(const std::string& symbol,
                                                   const std::string& summary) const = 0;
};

} // namespace spotglass
