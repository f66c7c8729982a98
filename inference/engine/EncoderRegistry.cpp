#include "inference/engine/EncoderRegistry.h"

#include "inference/model/BuiltInImageEncoder.h"
#include "inference/model/encoders/OpenEncoder.h"
#include "inference/model/encoders/PublishedEncoders.h"
#include "inference/model/encoders/WeightFile.h"
#include "inference/store/Sha256.h"
#include "inference/store/Workspace.h"

#include <algorithm>
#include <chrono>

namespace spotglass {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Size and time of a file: enough to see that nobody has replaced it, without reading gigabytes.
struct Stamp {
    std::uint64_t bytes = 0;
    std::int64_t modifiedNs = 0;
};

std::optional<Stamp> stampOf(const fs::path& file) {
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    if (error) return std::nullopt;
    const auto time = fs::last_write_time(file, error);
    if (error) return std::nullopt;
    const auto system = std::chrono::file_clock::to_sys(time).time_since_epoch();
    return Stamp{bytes, std::chrono::duration_cast<std::chrono::nanoseconds>(system).count()};
}

bool sameStamp(const KnownEncoder& known, const Stamp& now) {
    return known.bytes == now.bytes && known.modifiedNs == now.modifiedNs;
}

Result<EncoderSpec> specOf(const EncoderOffer& offer, std::vector<std::string>& notes) {
    if (!offer.trusted.empty() || isTorchScript(offer.weights)) {
        EncoderSpec spec; // a program says nothing of itself; what it wants is the usual unless told
        spec.kind = EncoderKind::TorchScript;
        if (!offer.config.empty()) {
            auto told = describeEncoder(offer.weights, offer.config, notes);
            if (!told) return told;
            spec = *told;
            spec.kind = EncoderKind::TorchScript;
            spec.vit.reset();
        }
        return spec;
    }
    if (offer.config.empty() && publishedEncoder(offer.name) && publishedEncoder(offer.name)->readable &&
        !fs::exists(offer.weights.parent_path() / "config.json"))
        if (auto published = publishedSpec(offer.name)) return published;
    return describeEncoder(offer.weights, offer.config, notes);
}

Result<void> checkTrust(const EncoderOffer& offer, const std::string& sha256) {
    if (!isTorchScript(offer.weights)) return {};
    if (offer.trusted.empty())
        return badInput(
            "this file is a TorchScript program: to use it, Spotglass has to run it, and it can do "
            "whatever you can do on this computer",
            offer.weights.string(), "If you trust where it comes from, give --trust " + sha256);
    if (offer.trusted != sha256)
        return badInput("the program that was agreed to has the hash " + offer.trusted + ", this file has " +
                            sha256,
                        offer.weights.string(), "It is another file; do not run it unless you trust it");
    return {};
}

Result<OpenedEncoder> openWith(const EncoderSpec& spec, const fs::path& weights, const std::string& sha256,
                               bool trusted, std::vector<std::string> notes, EncoderSpec* resolved) {
    EncoderOpening opening;
    if (trusted) opening.consent = TorchScriptConsent{sha256};
    auto encoder = openEncoder(spec, weights, &opening);
    if (!encoder) return Failure(encoder.error());
    notes.insert(notes.end(), opening.notes.begin(), opening.notes.end());
    if (resolved) *resolved = opening.resolved;
    // Features depend on the description as much as on the weights: colours, pooling, input side.
    const auto description = sha256OfBytes(toJson(opening.resolved).dump());
    if (!description) return Failure(description.error());
    return OpenedEncoder{std::move(*encoder), spec.name + "@" + sha256 + "/" + description->substr(0, 16),
                         opening.resolved.micronsPerPixel, std::move(notes)};
}

struct Prepared {
    EncoderSpec spec;
    std::string sha256;
    std::vector<std::string> notes;
};

Result<Prepared> prepare(const EncoderOffer& offer, CancelToken cancel) {
    auto sha256 = sha256OfFile(offer.weights, cancel);
    if (!sha256) return Failure(sha256.error());
    if (auto ok = checkTrust(offer, *sha256); !ok) return Failure(ok.error());
    Prepared p;
    p.sha256 = *sha256;
    auto spec = specOf(offer, p.notes);
    if (!spec) return Failure(spec.error());
    p.spec = std::move(*spec);
    if (!offer.name.empty()) p.spec.name = offer.name;
    if (p.spec.name.empty()) p.spec.name = offer.weights.stem().string();
    if (offer.micronsPerPixel) p.spec.micronsPerPixel = offer.micronsPerPixel;
    return p;
}

Result<OpenedEncoder> openKnown(const KnownEncoder& known) {
    const auto now = stampOf(known.weights);
    if (!now)
        return badInput("the weights of the encoder \"" + known.name + "\" are not there any more",
                        known.weights.string(), "Put the file back, or add the encoder again");
    if (known.trustedProgram || !sameStamp(known, *now)) { // consent is to a hash, not to a time
        const auto sha256 = sha256OfFile(known.weights);
        if (!sha256) return Failure(sha256.error());
        if (*sha256 != known.sha256)
            return badInput("the weights of the encoder \"" + known.name +
                                "\" have changed since it was added",
                            known.weights.string(),
                            "If that is meant, add the encoder again; its features are computed anew");
    }
    const auto spec = parseEncoderSpec(Json::parse(known.specJson, nullptr, false), known.name);
    if (!spec) return Failure(spec.error());
    return openWith(*spec, known.weights, known.sha256, known.trustedProgram, {}, nullptr);
}

Failure unknownEncoder(const std::string& name) {
    const auto* published = publishedEncoder(name);
    return badInput("this model reads tissue with the encoder \"" + name +
                        "\", whose weights Spotglass does not know",
                    {},
                    published ? howToGet(*published)
                              : "Make it known once with: spotglass-cli encoder add WEIGHTS --name " + name);
}

/// As listEncoders() says it.
Json describe(const KnownEncoder& known) {
    const auto now = stampOf(known.weights);
    Json j{{"name", known.name},
           {"weights", known.weights.string()},
           {"sha256", known.sha256},
           {"bytes", known.bytes},
           {"state", !now                     ? "missing"
                     : sameStamp(known, *now) ? "ready"
                                              : "changed"},
           {"runs_a_program", known.trustedProgram}};
    auto spec = Json::parse(known.specJson, nullptr, false);
    if (spec.is_object()) {
        j["kind"] = spec.value("kind", "");
        if (spec.contains("vit") && spec["vit"].is_object()) j["width"] = spec["vit"].value("width", 0);
        j["specification"] = std::move(spec);
    }
    return j;
}

} // namespace

Result<OpenedEncoder> openOfferedEncoder(const EncoderOffer& offer, CancelToken cancel) {
    auto p = prepare(offer, std::move(cancel));
    if (!p) return Failure(p.error());
    return openWith(p->spec, offer.weights, p->sha256, !offer.trusted.empty(), std::move(p->notes), nullptr);
}

Result<OpenedEncoder> openNamedEncoder(const std::string& name, const fs::path& workspace,
                                       const fs::path& weights) {
    if (auto builtIn = makeFrozenEncoder(name)) return OpenedEncoder{std::move(builtIn), name, {}, {}};
    if (!weights.empty()) {
        EncoderOffer offer;
        offer.weights = weights;
        offer.name = name;
        return openOfferedEncoder(offer);
    }
    if (workspace.empty() || !fs::exists(workspace)) return unknownEncoder(name);
    auto store = Workspace::open(workspace);
    if (!store) return Failure(store.error());
    const auto known = store->encoder(name);
    if (!known) return Failure(known.error());
    if (!*known) return unknownEncoder(name);
    return openKnown(**known);
}

Result<Json> addEncoder(const fs::path& workspace, const EncoderOffer& offer, CancelToken cancel) {
    if (makeFrozenEncoder(offer.name))
        return fail(ErrorKind::Usage, "\"" + offer.name + "\" is the name of a built-in encoder", {},
                    "Choose another with --name");
    auto p = prepare(offer, std::move(cancel));
    if (!p) return Failure(p.error());
    EncoderSpec resolved;
    auto opened = openWith(p->spec, offer.weights, p->sha256, !offer.trusted.empty(), p->notes, &resolved);
    if (!opened) return Failure(opened.error());
    auto spec = toJson(resolved);
    const auto stamp = stampOf(offer.weights);
    if (!stamp) return badInput("this file is not there any more", offer.weights.string());
    auto store = Workspace::open(workspace);
    if (!store) return Failure(store.error());
    std::error_code ignored;
    const auto file = fs::absolute(offer.weights, ignored);
    const KnownEncoder known{
        resolved.name, file, p->sha256, stamp->bytes, stamp->modifiedNs, spec.dump(), !offer.trusted.empty()};
    if (auto ok = store->rememberEncoder(known); !ok) return Failure(ok.error());
    auto told = describe(known);
    told["width"] = opened->encoder->width();
    told["notes"] = opened->notes;
    return told;
}

Result<Json> listEncoders(const fs::path& workspace) {
    Json all = Json::array();
    all.push_back({{"name", BuiltInImageEncoder::encoderName},
                   {"kind", "built-in"},
                   {"width", BuiltInImageEncoder::featureWidth},
                   {"state", "ready"}});
    if (workspace.empty() || !fs::exists(workspace)) return all;
    auto store = Workspace::open(workspace);
    if (!store) return Failure(store.error());
    const auto known = store->encoders();
    if (!known) return Failure(known.error());
    for (const auto& encoder : *known)
        all.push_back(describe(encoder));
    return all;
}

Result<void> removeEncoder(const fs::path& workspace, const std::string& name) {
    auto store = Workspace::open(workspace);
    if (!store) return Failure(store.error());
    const auto known = store->encoder(name);
    if (!known) return Failure(known.error());
    if (!*known) return badInput("there is no encoder \"" + name + "\"", workspace.string());
    return store->forgetEncoder(name);
}

} // namespace spotglass
