#pragma once

#include <QRgb>

/// Arithmetic on premultiplied colours, for pictures that are worked out pixel by pixel. Pure.
namespace spotglass {

/// `colour` covering only `share` of 255.
[[nodiscard]] inline QRgb covering(QRgb colour, unsigned share) {
    const auto scaled = [share](unsigned two) {
        const unsigned product = two * share;
        return (product + (product >> 8 & 0x00FF00FF) + 0x00800080) >> 8 & 0x00FF00FF;
    };
    return scaled(colour & 0x00FF00FF) | scaled(colour >> 8 & 0x00FF00FF) << 8;
}

/// `colour`, opaque, over `below` where it covers `share` of 255.
[[nodiscard]] inline QRgb over(QRgb below, QRgb colour, unsigned share) {
    return share == 0 ? below : covering(colour, share) + covering(below, 255 - share);
}

} // namespace spotglass
