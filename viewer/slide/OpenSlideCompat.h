#pragma once

#include <openslide.h>

#include <cstddef>
#include <cstdint>

/// The one place that knows which OpenSlide this is: 3.4 has a fixed cache of 32 MiB in each handle, 4.0 and
/// newer share one between handles, read DICOM and find ICC profiles. SPOTGLASS_OPENSLIDE_MAJOR comes from
/// the build.
namespace spotglass::openslide_compat {

constexpr bool readsDicom = SPOTGLASS_OPENSLIDE_MAJOR >= 4;
constexpr bool readsIccProfiles = SPOTGLASS_OPENSLIDE_MAJOR >= 4;

#if SPOTGLASS_OPENSLIDE_MAJOR >= 4
/// A cache of decoded tiles that several handles share.
class SharedCache {
  public:
    explicit SharedCache(std::size_t bytes) : cache_(openslide_cache_create(bytes)) {}
    ~SharedCache() { openslide_cache_release(cache_); }
    SharedCache(const SharedCache&) = delete;
    SharedCache& operator=(const SharedCache&) = delete;
    void attach(openslide_t* handle) const { openslide_set_cache(handle, cache_); }

  private:
    openslide_cache_t* cache_;
};

/// Bytes of the slide's ICC profile; 0: it has none.
inline std::int64_t iccProfileSize(openslide_t* handle) {
    return openslide_get_icc_profile_size(handle);
}
/// Writes iccProfileSize() bytes to `to`.
inline void readIccProfile(openslide_t* handle, void* to) {
    openslide_read_icc_profile(handle, to);
}
#else
class SharedCache {
  public:
    explicit SharedCache(std::size_t) {}
    void attach(openslide_t*) const {}
};

inline std::int64_t iccProfileSize(openslide_t*) {
    return 0;
}
inline void readIccProfile(openslide_t*, void*) {}
#endif

} // namespace spotglass::openslide_compat
