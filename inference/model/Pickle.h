#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The pickle format (Python's Lib/pickletools.py describes every opcode) as data only: a name is a text and
/// a call is a note that somebody wanted a call. Nothing is looked up, made or run.
namespace spotglass {

enum class PickleKind : std::uint8_t {
    None,
    Bool,       ///< integer: 0 or 1
    Integer,    ///< integer
    BigInteger, ///< text: more than 8 bytes, little-endian, two's complement
    Real,       ///< real
    Text,       ///< text: UTF-8, or any bytes where Python 2 wrote the file
    Bytes,      ///< text
    List,       ///< items
    Tuple,      ///< items
    Set,        ///< items
    Dictionary, ///< items: key, value, key, value, ... (a later key replaces an earlier one)
    Global,     ///< text: "module.name"
    Persistent, ///< items: one, the identification of something outside the stream
    Call        ///< callable, arguments, state; items: elements or key, value, ... added afterwards
};

/// Index of a node in PickleDocument::nodes.
using PickleId = std::uint32_t;

struct PickleNode {
    PickleKind kind = PickleKind::None;
    bool pairs = false; ///< of a Call: items holds keys and values
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text; ///< points into the stream or into PickleDocument::names
    std::vector<PickleId> items;
    PickleId callable = 0;  ///< of a Call: a Global
    PickleId arguments = 0; ///< of a Call: a Tuple
    PickleId state = 0;     ///< of a Call: what BUILD gave it, 0 for nothing
};

/// One pickle. Nodes refer to each other by index and may form cycles: whoever walks them bounds the walk.
/// Valid while the stream it was read from lives. Move-only, because the nodes point into names.
struct PickleDocument {
    std::vector<PickleNode> nodes; ///< nodes[0] is None
    std::deque<std::string> names;
    PickleId root = 0;
    std::size_t size = 0; ///< bytes of the stream up to and with STOP

    PickleDocument() = default;
    PickleDocument(PickleDocument&&) = default;
    PickleDocument& operator=(PickleDocument&&) = default;
    PickleDocument(const PickleDocument&) = delete;
    PickleDocument& operator=(const PickleDocument&) = delete;

    [[nodiscard]] const PickleNode& at(PickleId id) const { return nodes[id]; }
};

/// Reads the pickle at the start of `stream`, protocols 0 to 5. `allowed` is asked for every global
/// ("module.name"). Any thread; time and memory in proportion to the stream, at most about 100 MB of nodes.
/// BadInput (without a file name) for a global that is not allowed, for extension codes, for outside buffers
/// and for whatever is malformed.
[[nodiscard]] Result<PickleDocument> readPickle(std::string_view stream,
                                                const std::function<bool(std::string_view)>& allowed);

} // namespace spotglass
