#pragma once

#include "inference/model/TextEncoder.h"

namespace spotglass {

/// A text encoder that needs no download: words, word pairs and letter groups of the symbol and of its
/// summary, hashed and projected to the model's width (feature hashing, Weinberger et al. 2009). Genes of one
/// family (COL1A1, COL1A2) and genes that are described alike come out alike; the same text gives the same
/// numbers on every machine.
class BuiltInTextEncoder final : public TextEncoder {
  public:
    explicit BuiltInTextEncoder(int width);
    [[nodiscard]] std::string name() const override;
    [[nodiscard]] int width() const override { return width_; }
    [[nodiscard]] std::vector<float> embed(const std::string& symbol,
                                           const std::string& summary) const override;

  private:
    int width_;
};

} // namespace spotglass
