#include "inference/model/Pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <unordered_map>

namespace spotglass {
namespace {

// Real checkpoints stay far below these; a file made to exhaust the machine meets them at once.
constexpr std::size_t kMostNodes = 1'000'000;
constexpr std::size_t kDeepestStack = 100'000;
constexpr std::size_t kLongestName = 256;

/// The stack machine. After the first failure every helper returns something harmless (node 0, an empty text)
/// and run() stops, so that the opcodes need no checks of their own.
class PickleMachine {
  public:
    PickleMachine(std::string_view stream, const std::function<bool(std::string_view)>& allowed)
        : stream_(stream), allowed_(allowed) {
        document_.nodes.emplace_back();
    }

    Result<PickleDocument> run() {
        while (!error_ && !stopped_) {
            const auto op = static_cast<unsigned char>(byte());
            if (error_) break;
            if (!number(op) && !text(op) && !container(op) && !memo(op) && !object(op) && !control(op))
                fail("it holds an instruction that is not part of any weights file");
        }
        if (error_) return Failure(*error_);
        document_.size = at_;
        return std::move(document_);
    }

  private:
    void fail(std::string why) {
        if (!error_) error_ = Error{ErrorKind::BadInput, std::move(why), {}, {}};
    }

    std::string_view take(std::uint64_t count) {
        if (count > stream_.size() - at_) {
            fail("it ends in the middle of a value");
            return {};
        }
        const std::string_view bytes = stream_.substr(at_, count);
        at_ += count;
        return bytes;
    }
    char byte() {
        const std::string_view b = take(1);
        return b.empty() ? '\0' : b.front();
    }
    std::uint64_t unsignedNumber(std::size_t bytes) {
        const std::string_view raw = take(bytes);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < raw.size(); ++i)
            value |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
        return value;
    }
    std::string_view line() {
        const std::size_t end = stream_.find('\n', at_);
        if (end == std::string_view::npos) {
            fail("it ends in the middle of a line");
            return {};
        }
        const std::string_view result = stream_.substr(at_, end - at_);
        at_ = end + 1;
        return result;
    }
    template <typename T> T parsed(std::string_view digits) {
        T value{};
        const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (code != std::errc() || end != digits.data() + digits.size()) fail("it holds a malformed number");
        return value;
    }

    PickleId make(PickleKind kind) {
        if (document_.nodes.size() >= kMostNodes) {
            fail("it holds more objects than any weights file");
            return 0;
        }
        document_.nodes.emplace_back().kind = kind;
        return static_cast<PickleId>(document_.nodes.size() - 1);
    }
    PickleNode& node(PickleId id) { return document_.nodes[id]; }
    void push(PickleId id) {
        if (stack_.size() >= kDeepestStack)
            return fail("its objects are nested more deeply than in any weights file");
        stack_.push_back(id);
    }
    PickleId pop() {
        if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) {
            fail("its instructions do not fit together");
            return 0;
        }
        const PickleId id = stack_.back();
        stack_.pop_back();
        return id;
    }
    PickleId top() {
        const PickleId id = pop();
        if (!error_) stack_.push_back(id);
        return id;
    }
    std::vector<PickleId> popToMark() {
        if (marks_.empty()) {
            fail("its instructions do not fit together");
            return {};
        }
        const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<PickleId> items(first, stack_.end());
        stack_.erase(first, stack_.end());
        marks_.pop_back();
        return items;
    }

    void pushInteger(std::int64_t value, PickleKind kind = PickleKind::Integer) {
        const PickleId id = make(kind);
        node(id).integer = value;
        push(id);
    }
    void pushReal(double value) {
        const PickleId id = make(PickleKind::Real);
        node(id).real = value;
        push(id);
    }
    void pushText(PickleKind kind, std::string_view value) {
        const PickleId id = make(kind);
        node(id).text = value;
        push(id);
    }
    void pushItems(PickleKind kind, std::vector<PickleId> items) {
        const PickleId id = make(kind);
        node(id).items = std::move(items);
        push(id);
    }
    void pushLong(std::string_view raw) {
        if (raw.size() > 8) return pushText(PickleKind::BigInteger, raw);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < raw.size(); ++i)
            value |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
        if (!raw.empty() && raw.size() < 8 && (raw.back() & 0x80))
            value |= ~std::uint64_t{0} << (8 * raw.size());
        pushInteger(std::bit_cast<std::int64_t>(value));
    }

    bool number(unsigned char op) {
        switch (op) {
        case 'N':
            push(make(PickleKind::None));
            return true;
        case 0x88:
            pushInteger(1, PickleKind::Bool);
            return true;
        case 0x89:
            pushInteger(0, PickleKind::Bool);
            return true;
        case 'K':
            pushInteger(static_cast<std::int64_t>(unsignedNumber(1)));
            return true;
        case 'M':
            pushInteger(static_cast<std::int64_t>(unsignedNumber(2)));
            return true;
        case 'J':
            pushInteger(static_cast<std::int32_t>(unsignedNumber(4)));
            return true;
        case 0x8a:
            pushLong(take(unsignedNumber(1)));
            return true;
        case 0x8b:
            pushLong(take(unsignedNumber(4)));
            return true;
        case 'I': {
            const std::string_view digits = line();
            const bool truth = digits == "00" || digits == "01";
            pushInteger(parsed<std::int64_t>(digits), truth ? PickleKind::Bool : PickleKind::Integer);
            return true;
        }
        case 'L': {
            std::string_view digits = line();
            if (digits.ends_with('L')) digits.remove_suffix(1);
            pushInteger(parsed<std::int64_t>(digits));
            return true;
        }
        case 'F':
            pushReal(parsed<double>(line()));
            return true;
        case 'G': {
            std::uint64_t bits = 0;
            for (const char b : take(8))
                bits = bits << 8 | static_cast<unsigned char>(b);
            pushReal(std::bit_cast<double>(bits));
            return true;
        }
        default:
            return false;
        }
    }

    bool text(unsigned char op) {
        switch (op) {
        case 'X':
            pushText(PickleKind::Text, take(unsignedNumber(4)));
            return true;
        case 0x8c:
            pushText(PickleKind::Text, take(unsignedNumber(1)));
            return true;
        case 0x8d:
            pushText(PickleKind::Text, take(unsignedNumber(8)));
            return true;
        case 'T':
            pushText(PickleKind::Text, take(unsignedNumber(4)));
            return true;
        case 'U':
            pushText(PickleKind::Text, take(unsignedNumber(1)));
            return true;
        case 'B':
            pushText(PickleKind::Bytes, take(unsignedNumber(4)));
            return true;
        case 'C':
            pushText(PickleKind::Bytes, take(unsignedNumber(1)));
            return true;
        case 0x8e:
        case 0x96:
            pushText(PickleKind::Bytes, take(unsignedNumber(8)));
            return true;
        case 'S':
        case 'V': {
            std::string_view raw = line();
            if (op == 'S' && raw.size() >= 2 && raw.front() == raw.back())
                raw = raw.substr(1, raw.size() - 2);
            // Only protocol 0, which cannot carry tensors, escapes characters.
            if (raw.find('\\') != std::string_view::npos) fail("it holds a text in a form that is not read");
            pushText(PickleKind::Text, raw);
            return true;
        }
        default:
            return false;
        }
    }

    void pushTuple(std::size_t count) {
        std::vector<PickleId> items(count);
        for (std::size_t i = count; i > 0; --i)
            items[i - 1] = pop();
        pushItems(PickleKind::Tuple, std::move(items));
    }

    /// Adds to the container on top of the stack, or to a call that makes one.
    void extend(const std::vector<PickleId>& added, bool pairs) {
        const PickleId id = top();
        if (error_) return;
        PickleNode& into = node(id);
        const bool mapping = into.kind == PickleKind::Dictionary;
        const bool sequence = into.kind == PickleKind::List || into.kind == PickleKind::Set;
        const bool call = into.kind == PickleKind::Call && (into.items.empty() || into.pairs == pairs);
        if (!call && !(pairs ? mapping : sequence)) return fail("its instructions do not fit together");
        if (pairs && added.size() % 2 != 0) return fail("it holds a key without a value");
        if (call && !added.empty()) into.pairs = pairs;
        into.items.insert(into.items.end(), added.begin(), added.end());
    }

    bool container(unsigned char op) {
        switch (op) {
        case '(':
            if (marks_.size() >= kDeepestStack)
                fail("its objects are nested more deeply than in any weights file");
            marks_.push_back(stack_.size());
            return true;
        case ']':
            pushItems(PickleKind::List, {});
            return true;
        case '}':
            pushItems(PickleKind::Dictionary, {});
            return true;
        case ')':
            pushItems(PickleKind::Tuple, {});
            return true;
        case 0x8f:
            pushItems(PickleKind::Set, {});
            return true;
        case 'l':
            pushItems(PickleKind::List, popToMark());
            return true;
        case 't':
            pushItems(PickleKind::Tuple, popToMark());
            return true;
        case 0x91:
            pushItems(PickleKind::Set, popToMark());
            return true;
        case 0x85:
            pushTuple(1);
            return true;
        case 0x86:
            pushTuple(2);
            return true;
        case 0x87:
            pushTuple(3);
            return true;
        case 'd': {
            const std::vector<PickleId> items = popToMark();
            pushItems(PickleKind::Dictionary, {});
            extend(items, true);
            return true;
        }
        case 'a':
            extend({pop()}, false);
            return true;
        case 'e':
        case 0x90:
            extend(popToMark(), false);
            return true;
        case 's': {
            const PickleId value = pop(), key = pop();
            extend({key, value}, true);
            return true;
        }
        case 'u':
            extend(popToMark(), true);
            return true;
        default:
            return false;
        }
    }

    void get(std::uint64_t slot) {
        const auto found = memo_.find(slot);
        if (found == memo_.end()) return fail("it refers to an object that it does not hold");
        push(found->second);
    }

    void put(std::uint64_t slot) {
        if (memo_.size() >= kMostNodes) return fail("it holds more objects than any weights file");
        memo_[slot] = top();
    }

    bool memo(unsigned char op) {
        switch (op) {
        case 'q':
            put(unsignedNumber(1));
            return true;
        case 'r':
            put(unsignedNumber(4));
            return true;
        case 'p':
            put(parsed<std::uint64_t>(line()));
            return true;
        case 0x94:
            put(memo_.size());
            return true;
        case 'h':
            get(unsignedNumber(1));
            return true;
        case 'j':
            get(unsignedNumber(4));
            return true;
        case 'g':
            get(parsed<std::uint64_t>(line()));
            return true;
        default:
            return false;
        }
    }

    PickleId global(std::string_view module, std::string_view name) {
        const bool fits = module.size() + name.size() < kLongestName;
        std::string full =
            fits ? std::string(module) + "." + std::string(name) : std::string("an overlong name");
        if (!fits || !allowed_(full)) {
            std::replace_if(
                full.begin(), full.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
            fail("it asks to use " + full + ", which weights never need, so nothing of it was used");
            return 0;
        }
        const PickleId id = make(PickleKind::Global);
        node(id).text = document_.names.emplace_back(std::move(full));
        return id;
    }

    void call(PickleId callable, PickleId arguments) {
        if (node(callable).kind != PickleKind::Global || node(arguments).kind != PickleKind::Tuple)
            return fail("it asks to call something that is not a name");
        const PickleId id = make(PickleKind::Call);
        node(id).callable = callable;
        node(id).arguments = arguments;
        push(id);
    }

    bool object(unsigned char op) {
        switch (op) {
        case 'c': {
            const std::string_view module = line(), name = line();
            push(global(module, name));
            return true;
        }
        case 0x93: {
            const PickleId name = pop(), module = pop();
            if (node(name).kind != PickleKind::Text || node(module).kind != PickleKind::Text)
                fail("it uses a name that is not a text");
            push(global(node(module).text, node(name).text));
            return true;
        }
        case 'R':
        case 0x81: {
            const PickleId arguments = pop(), callable = pop();
            call(callable, arguments);
            return true;
        }
        case 'b': {
            const PickleId state = pop(), target = top();
            if (node(target).kind != PickleKind::Call || node(target).state != 0)
                fail("its instructions do not fit together");
            if (!error_) node(target).state = state;
            return true;
        }
        case 'Q':
            pushItems(PickleKind::Persistent, {pop()});
            return true;
        default:
            return false;
        }
    }

    bool control(unsigned char op) {
        switch (op) {
        case 0x80:
            if (unsignedNumber(1) > 5) fail("it was written by a later version of Python than is known");
            return true;
        case 0x95:
            if (unsignedNumber(8) > stream_.size() - at_) fail("it ends in the middle of a value");
            return true;
        case '0':
            // As in Python: a mark on top is what is dropped.
            if (!marks_.empty() && marks_.back() == stack_.size())
                marks_.pop_back();
            else
                (void)pop();
            return true;
        case '1':
            (void)popToMark();
            return true;
        case '2':
            push(top());
            return true;
        case '.':
            document_.root = pop();
            stopped_ = true;
            return true;
        default:
            return false;
        }
    }

    std::string_view stream_;
    const std::function<bool(std::string_view)>& allowed_;
    PickleDocument document_;
    std::vector<PickleId> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, PickleId> memo_;
    std::optional<Error> error_;
    std::size_t at_ = 0;
    bool stopped_ = false;
};

} // namespace

Result<PickleDocument> readPickle(std::string_view stream,
                                  const std::function<bool(std::string_view)>& allowed) {
    return PickleMachine(stream, allowed).run();
}

} // namespace spotglass
