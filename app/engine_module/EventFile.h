#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace spotglass {

/// What a run tells whoever follows it: RUN/events.jsonl, a JSON object a line. What the drive has no room
/// for is kept in memory and written when there is room again; a line is there whole or not at all. One
/// thread; blocking.
class EventFile {
  public:
    /// `goesOn`: keeps what is in the file.
    EventFile(std::filesystem::path file, bool goesOn);

    /// Also says it on standard error where people want to know. An event "resumed" takes out what the run
    /// had told after that epoch began; the same "paused" again is not written again.
    void write(const nlohmann::json& event);

  private:
    void flush();
    void dropFrom(int epoch);

    const std::filesystem::path file_;
    std::uint64_t whole_ = 0; ///< bytes of whole lines
    std::string waiting_;     ///< for room on the drive
    nlohmann::json paused_;   ///< written last; null: something else was
};

} // namespace spotglass
