#pragma once

#include "inference/model/DkanEnsemble.h"
#include "inference/model/FrozenEncoder.h"

#include <c10/core/Event.h>
#include <functional>
#include <string>

namespace spotglass {

/// A result that a device may still be computing.
class Later {
  public:
    /// `tensor` is on the device; it is copied to the host.
    explicit Later(const torch::Tensor& tensor);
    Later(Later&&) = default;
    Later& operator=(Later&&) = default;
    /// On the host. Waits; throws what the device throws.
    [[nodiscard]] torch::Tensor get();

  private:
    torch::Tensor host_;
    std::unique_ptr<c10::Event> copied_; ///< null where it is there already
};

/// What DKAN is given for B spots, on the host except for the tokens.
struct SpotInputs {
    torch::Tensor patches;     ///< B x S x S x 3, uint8 RGB
    torch::Tensor neighbours;  ///< B x 25 x D, 16-bit floats: raw frozen features
    torch::Tensor mask;        ///< B x 25, float
    torch::Tensor slideTokens; ///< B x D (of each member of an ensemble), on the device
};

/// The networks of one model on one device. Calls throw what LibTorch throws: out of memory, a device that is
/// gone. One thread at a time.
class Compute {
  public:
    virtual ~Compute() = default;
    [[nodiscard]] virtual std::string device() const = 0; ///< "cpu", "cuda:0"
    /// patches: B x S x S x 3, uint8 RGB, on the host. Gives B x D, 16-bit floats.
    [[nodiscard]] virtual Later encode(const torch::Tensor& patches) = 0;
    /// Features of an all-zero normalised patch of that side (spec/dkan.md section 1): D, on the host.
    [[nodiscard]] virtual torch::Tensor encodeMasked(int side) = 0;
    /// Raw features N x D and positions N x 2 (row, column) of a whole context -> slide tokens, on the
    /// device; of an ensemble side by side.
    [[nodiscard]] virtual torch::Tensor slideTokens(const torch::Tensor& features,
                                                    const torch::Tensor& positions) = 0;
    /// Gives B x genes, 32-bit floats.
    [[nodiscard]] virtual Later predict(const SpotInputs& spots) = 0;
    /// Which genes predict() gives from now on: indices into the panel, empty for all.
    virtual void chooseGenes(const std::vector<int64_t>& genes) = 0;
    /// Of which slide the spots are from now on: raw features of some of its tissue, n x D, for models that
    /// standardise features by slide; undefined: as in training.
    virtual void useSlide(const torch::Tensor& sample) = 0;
    /// A host tensor of uint8 that copies fast to the device.
    [[nodiscard]] virtual torch::Tensor staging(at::IntArrayRef shape) const;
};

/// `model` and `encoder` moved to `device`.
[[nodiscard]] std::unique_ptr<Compute> makeCompute(LoadedModel model, std::unique_ptr<FrozenEncoder> encoder,
                                                   const torch::Device& device, Precision precision);

/// Only an encoder on the CPU, for work that needs features alone; it must outlive the result. The rest of
/// Compute throws.
[[nodiscard]] std::unique_ptr<Compute> makeEncoderCompute(const FrozenEncoder& encoder);

/// Patches as bytes on any device -> B x 3 x S x S, float in [0, 1].
[[nodiscard]] torch::Tensor unitRgb(const torch::Tensor& patches);

/// The type that features are kept in. Values beyond its range, which no encoder should give, are cut.
[[nodiscard]] torch::Tensor asStoredFeatures(const torch::Tensor& features);

} // namespace spotglass
