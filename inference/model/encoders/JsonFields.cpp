#include "inference/model/encoders/JsonFields.h"

#include <cmath>

namespace spotglass {

using Json = nlohmann::json;

namespace {

std::string between(double low, double high) {
    return "between " + Json(low).dump() + " and " + Json(high).dump();
}

} // namespace

const Json* JsonFields::any(const char* key) {
    taken_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::number(const char* key, int& value, int low, int high) {
    const Json* j = any(key);
    if (!j) return false;
    const double v = j->is_number() ? j->get<double>() : NAN;
    if (!(v >= low && v <= high) || v != std::floor(v)) {
        complain(key, "a whole number between " + std::to_string(low) + " and " + std::to_string(high));
        return false;
    }
    value = static_cast<int>(v);
    return true;
}

bool JsonFields::real(const char* key, double& value, double low, double high) {
    const Json* j = any(key);
    if (!j) return false;
    const double v = j->is_number() ? j->get<double>() : NAN;
    if (!(v >= low && v <= high)) {
        complain(key, "a number " + between(low, high));
        return false;
    }
    value = v;
    return true;
}

bool JsonFields::flag(const char* key, bool& value) {
    const Json* j = any(key);
    if (!j) return false;
    if (!j->is_boolean()) {
        complain(key, "true or false");
        return false;
    }
    value = j->get<bool>();
    return true;
}

bool JsonFields::text(const char* key, std::string& value) {
    const Json* j = any(key);
    if (!j) return false;
    if (!j->is_string()) {
        complain(key, "a text");
        return false;
    }
    value = j->get<std::string>();
    return true;
}

bool JsonFields::triple(const char* key, std::array<double, 3>& value, double low, double high) {
    const Json* j = any(key);
    if (!j) return false;
    bool good = j->is_array() && j->size() == 3;
    for (std::size_t i = 0; good && i < 3; ++i) {
        const double v = (*j)[i].is_number() ? (*j)[i].get<double>() : NAN;
        good = v >= low && v <= high;
        if (good) value[i] = v;
    }
    if (!good) complain(key, "three numbers " + between(low, high));
    return good;
}

const Json* JsonFields::object(const char* key) {
    const Json* j = any(key);
    if (!j) return nullptr;
    if (j->is_object()) return j;
    complain(key, "a JSON object");
    return nullptr;
}

void JsonFields::complain(const std::string& key, const std::string& expected) {
    if (complaint_.empty()) complaint_ = key + " should be " + expected;
}

std::vector<std::string> JsonFields::untaken() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : json_.items())
        if (!value.is_null() && !taken_.contains(key)) keys.push_back(key);
    return keys;
}

Result<void> JsonFields::complaints(const std::string& what, const std::string& where) const {
    if (!complaint_.empty()) return badInput("in " + what + ", " + complaint_, where);
    return {};
}

Result<void> JsonFields::finish(const std::string& what, const std::string& where) const {
    if (auto ok = complaints(what, where); !ok) return ok;
    if (const auto left = untaken(); !left.empty())
        return badInput("in " + what + ", the entry " + left.front() + " is not known", where,
                        "It may change what the encoder computes, so it is not passed over");
    return {};
}

} // namespace spotglass
