#pragma once

/// The one door to LibTorch: versions 1.13 and 2.x from one source. Include it only in .cpp files and in
/// headers of this folder and of training/ that are not used outside them.
#include <torch/torch.h>
#include <torch/version.h>

namespace spotglass {

/// softmax(q k' / sqrt(d)) v for B x H x N x d (k and v may have another N), any strides, one type. Returns
/// B x H x N x d. Fused from LibTorch 2 on; in 1.13 on the CPU image after image, so that only H x N x N
/// scores are alive.
[[nodiscard]] inline torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k,
                                             const torch::Tensor& v) {
#if TORCH_VERSION_MAJOR >= 2
    return at::scaled_dot_product_attention(q, k, v);
#else
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
    if (!q.device().is_cpu()) return at::matmul(at::softmax(at::matmul(q * scale, k.transpose(2, 3)), -1), v);
    auto out = torch::empty(q.sizes(), q.options());
    for (int64_t image = 0; image < q.size(0); ++image) {
        const auto scores = at::bmm(q[image] * scale, k[image].transpose(1, 2));
        auto row = out[image];
        at::bmm_out(row, at::softmax(scores, -1), v[image]);
    }
    return out;
#endif
}

} // namespace spotglass
