#include "app/engine_module/EventFile.h"

#include "app/engine_module/Commands.h"
#include "viewer/base/Files.h"

#include <fstream>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

void sayEpoch(const Json& event) {
    const bool validated = event.contains("validation");
    say("Epoch " + std::to_string(event["epoch"].get<int>()) + ": loss " +
        threeDecimals(event["training"]["total"].get<double>()) +
        (validated ? ", validation PCC " + threeDecimals(event["validation"]["pcc"].get<double>())
                   : std::string()) +
        (event.value("best", false) ? " (kept), " : ", ") + threeDecimals(event["seconds"].get<double>()) +
        " s");
}

std::uint64_t sizeOf(const fs::path& file) {
    std::error_code ec;
    const auto size = fs::file_size(file, ec);
    return ec ? 0 : size;
}

} // namespace

EventFile::EventFile(fs::path file, bool goesOn) : file_(std::move(file)) {
    if (!goesOn) std::ofstream(file_, std::ios::trunc).flush();
    // A line that a crash has cut must not swallow the next one.
    const auto content = readFile(file_);
    if (content && !content->empty() && content->back() != '\n') waiting_ = "\n";
    whole_ = sizeOf(file_);
}

void EventFile::write(const Json& event) {
    const auto kind = event.value("event", "");
    if (kind == "resumed") dropFrom(event["epoch"].get<int>());
    if (kind == "resumed") say("Going on with epoch " + std::to_string(event["epoch"].get<int>()));
    if (kind == "paused") say("Paused: " + event["reason"].get<std::string>());
    if (kind == "epoch") sayEpoch(event);
    if (kind == "paused" && event == paused_) return flush();
    paused_ = kind == "paused" ? event : Json();
    waiting_ += event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    flush();
}

void EventFile::flush() {
    std::ofstream out(file_, std::ios::app);
    out << waiting_;
    out.close();
    std::error_code ec;
    if (!out) return fs::resize_file(file_, whole_, ec);
    waiting_.clear();
    whole_ = sizeOf(file_);
}

/// What a run reported after its checkpoint happens again.
void EventFile::dropFrom(int epoch) {
    std::string kept;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) {
        const auto event = Json::parse(line, nullptr, false);
        const auto kind = event.is_object() ? event.value("event", "") : std::string();
        if (kind == "failed" || kind == "cancelled" || kind == "paused" || kind == "starting")
            continue; // it goes on
        if (event.is_object() && (kind == "done" || event.value("epoch", 0) >= epoch)) break;
        if (event.is_object()) kept += line + "\n";
    }
    if (auto ok = writeFileAtomically(file_, kept); !ok) say(ok.error().sentence());
    waiting_.clear();
    whole_ = sizeOf(file_);
}

} // namespace spotglass
