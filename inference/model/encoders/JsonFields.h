#pragma once

#include "viewer/base/Result.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace spotglass {

/// Takes the entries of a JSON object one by one, and keeps the first complaint. An entry that is absent or
/// null changes nothing (the functions then return false). What nobody took is refused at the end. Borrows
/// the object. One thread.
class JsonFields {
  public:
    explicit JsonFields(const nlohmann::json& object) : json_(object) {}

    bool number(const char* key, int& value, int low, int high);
    bool real(const char* key, double& value, double low, double high);
    bool flag(const char* key, bool& value);
    bool text(const char* key, std::string& value);
    bool triple(const char* key, std::array<double, 3>& value, double low, double high);
    /// The entry, when it is there and an object; nullptr otherwise.
    const nlohmann::json* object(const char* key);
    /// The entry, marked as taken; nullptr when absent or null.
    const nlohmann::json* any(const char* key);
    void ignore(std::initializer_list<const char*> keys) { taken_.insert(keys.begin(), keys.end()); }
    void complain(const std::string& key, const std::string& expected);

    /// BadInput for the first complaint. `what` begins the sentence.
    [[nodiscard]] Result<void> complaints(const std::string& what, const std::string& where) const;
    /// BadInput for the first complaint, or the first entry that nobody took.
    [[nodiscard]] Result<void> finish(const std::string& what, const std::string& where) const;
    /// The entries that nobody took and that are not null.
    [[nodiscard]] std::vector<std::string> untaken() const;

  private:
    const nlohmann::json& json_;
    std::set<std::string> taken_;
    std::string complaint_;
};

} // namespace spotglass
