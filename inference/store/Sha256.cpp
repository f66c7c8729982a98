#include "inference/store/Sha256.h"

#include <array>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <system_error>
#include <vector>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

/// Large enough that the calls cost nothing, small enough that cancelling is felt at once.
constexpr std::size_t pieceBytes = 1u << 20;

/// libcrypto takes the processor's SHA instructions where it has them.
class Digest {
  public:
    Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        ok_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
    }
    void add(std::string_view bytes) {
        ok_ = ok_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
    }
    [[nodiscard]] Result<std::string> hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
        unsigned int length = 0;
        if (!ok_ || EVP_DigestFinal_ex(context_.get(), sum.data(), &length) != 1)
            return fail(ErrorKind::Defect, "the system's cryptographic library does not offer SHA-256");
        std::string text;
        for (unsigned int i = 0; i < length; ++i) {
            text += "0123456789abcdef"[sum[i] >> 4];
            text += "0123456789abcdef"[sum[i] & 15];
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
    bool ok_ = false;
};

} // namespace

Result<std::string> sha256OfBytes(std::string_view bytes) {
    Digest digest;
    digest.add(bytes);
    return digest.hex();
}

Result<std::string> sha256OfFile(const fs::path& path, const CancelToken& cancel) {
    std::error_code ec;
    if (!fs::exists(path, ec)) return badInput("this file is not there", path.string(), "Check the path");
    if (fs::is_directory(path, ec)) return badInput("this is a folder, not a file", path.string());
    std::ifstream file;
    file.rdbuf()->pubsetbuf(nullptr, 0); // our pieces are large: no second copy
    file.open(path, std::ios::binary);
    if (!file) return badInput("this file cannot be opened", path.string(), "Check its permissions");
    Digest digest;
    std::vector<char> piece(pieceBytes);
    while (file) {
        if (cancel.isCancelled()) return cancelled();
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        digest.add({piece.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (file.bad() || !file.eof())
        return badInput("this file cannot be read to its end", path.string(),
                        "Copy it again, or check the drive");
    return digest.hex();
}

} // namespace spotglass
