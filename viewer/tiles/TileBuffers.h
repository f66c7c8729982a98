#pragma once

#include <memory>

#include <QImage>

namespace spotglass {

/// Hands out pictures for tiles to be read into, and takes their memory back when the last copy of a picture
/// is gone: getting fresh memory from the system for every tile costs a good part of the time that decoding
/// one takes. Any thread; pictures may outlive the object.
class TileBuffers {
  public:
    TileBuffers();

    /// A picture (Format_RGB32) whose pixels are not initialised; null when there is no memory.
    [[nodiscard]] QImage take(int width, int height) const;

  private:
    struct Store;
    std::shared_ptr<Store> store_;
};

} // namespace spotglass
