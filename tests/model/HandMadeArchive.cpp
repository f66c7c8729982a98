#include "HandMadeArchive.h"

#include <cstdint>

namespace {

std::string little(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i)
        text += static_cast<char>(i < 8 ? value >> (8 * i) & 0xFF : 0);
    return text;
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& parts, bool wide) {
    const std::uint64_t full = 0xFFFFFFFF;
    std::string file, directory;
    for (const auto& [name, content] : parts) {
        const std::uint64_t at = file.size(), size = content.size();
        const std::string padding = little(0x4246, 2) + little(3, 2) + "ZZZ";
        file += "PK\x03\x04" + little(20, 2) + little(0, 12) + little(size, 4) + little(size, 4) +
                little(name.size(), 2) + little(padding.size(), 2) + name + padding + content;
        const std::string extra =
            wide ? padding + little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(at, 8)
                 : std::string();
        directory += "PK\x01\x02" + little(20, 2) + little(20, 2) + little(0, 12) +
                     little(wide ? full : size, 4) + little(wide ? full : size, 4) + little(name.size(), 2) +
                     little(extra.size(), 2) + little(0, 10) + little(wide ? full : at, 4) + name + extra;
    }
    const std::uint64_t at = file.size(), size = directory.size(), count = parts.size();
    file += directory;
    if (wide) {
        const std::uint64_t end = file.size();
        file += "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) +
                little(count, 8) + little(count, 8) + little(size, 8) + little(at, 8);
        file += "PK\x06\x07" + little(0, 4) + little(end, 8) + little(1, 4);
    }
    return file + "PK\x05\x06" + little(0, 4) + little(wide ? 0xFFFF : count, 2) +
           little(wide ? 0xFFFF : count, 2) + little(wide ? full : size, 4) + little(wide ? full : at, 4) +
           little(0, 2);
}

std::string tuple(const std::vector<int>& numbers) {
    std::string text = "(";
    for (const int number : numbers)
        text += std::string("K") + static_cast<char>(number);
    return text + "t";
}

} // namespace

std::string zipOf(const std::vector<std::pair<std::string, std::string>>& parts) {
    return zip(parts, false);
}
std::string zip64Of(const std::vector<std::pair<std::string, std::string>>& parts) {
    return zip(parts, true);
}

std::string archiveOf(const std::string& pickle, const std::string& storage) {
    return zipOf({{"archive/data.pkl", pickle}, {"archive/data/0", storage}, {"archive/version", "3\n"}});
}

std::string pickled(const std::string& text) {
    return "X" + little(text.size(), 4) + text;
}

std::string pickledTensor(const std::vector<int>& shape, const std::vector<int>& strides, int offset) {
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") + "ctorch\nFloatStorage\n" +
           pickled("0") + pickled("cpu") + "K\x04tQK" + static_cast<char>(offset) + tuple(shape) +
           tuple(strides) +
           "\x89"
           "ccollections\nOrderedDict\n)RtR";
}
