#include "training/cohort/Hdf5File.h"

#include "training/cohort/Hdf5Heaps.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <hdf5.h>
#include <mutex>

namespace spotglass {
namespace {

constexpr std::uint64_t bestCompression = 1100;                       // deflate cannot do better
constexpr std::uint64_t mostNumbers = 1u << 26, mostTexts = 1u << 24; // read at once
constexpr std::size_t mostMembers = 100'000;
constexpr const char* copyAgain = "Copy it again from where it came from";

/// Debian's HDF5 may be built without protection against several threads; and it prints its errors unless
/// told, on every thread anew.
class Turn {
  public:
    Turn() : lock_(mutex()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

  private:
    static std::recursive_mutex& mutex() {
        static std::recursive_mutex one;
        return one;
    }
    std::lock_guard<std::recursive_mutex> lock_;
};

/// Owns an HDF5 identifier of any kind.
class Handle {
  public:
    using Close = herr_t (*)(hid_t);
    Handle(hid_t id, Close close) : id_(id), close_(close) {}
    Handle(Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    Handle& operator=(Handle&&) = delete;
    ~Handle() {
        if (id_ >= 0) close_(id_);
    }
    [[nodiscard]] hid_t get() const { return id_; }
    explicit operator bool() const { return id_ >= 0; }

  private:
    hid_t id_;
    Close close_;
};

/// Memory that HDF5 allocated for texts of variable length.
class Texts {
  public:
    Texts(hid_t type, hid_t space, std::size_t count) : type_(type), space_(space), pointers(count) {}
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;
    ~Texts() { H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, pointers.data()); }

  private:
    hid_t type_, space_;

  public:
    std::vector<char*> pointers;
};

/// Every step of a path must lie in this very file: links into other files are not followed.
bool linksInside(hid_t file, const std::string& path) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        const std::string part = path.substr(0, end);
        H5L_info_t info;
        if (H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0 ||
            H5Lget_info(file, part.c_str(), &info, H5P_DEFAULT) < 0 || info.type == H5L_TYPE_EXTERNAL ||
            H5Oexists_by_name(file, part.c_str(), H5P_DEFAULT) <= 0)
            return false;
    }
    return true;
}

std::optional<Handle> openObject(hid_t file, const std::string& path) {
    if (path != "/" && !linksInside(file, path)) return std::nullopt;
    Handle object(H5Oopen(file, path.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object) return std::nullopt;
    return object;
}

bool isKind(hid_t file, const std::string& path, H5I_type_t kind) {
    const auto object = openObject(file, path);
    return object && H5Iget_type(object->get()) == kind;
}

/// What is wrong with how the data of a dataset are kept; empty when nothing is.
std::string storageProblem(hid_t dataset) {
    const Handle list(H5Dget_create_plist(dataset), H5Pclose);
    if (!list) return "cannot be read";
    if (H5Pget_layout(list.get()) == H5D_VIRTUAL || H5Pget_external_count(list.get()) > 0)
        return "keeps its values in another file";
    for (int i = 0; i < H5Pget_nfilters(list.get()); ++i) {
        unsigned flags = 0, configuration = 0;
        std::size_t values = 0;
        char name[64] = {};
        const H5Z_filter_t filter = H5Pget_filter2(list.get(), static_cast<unsigned>(i), &flags, &values,
                                                   nullptr, sizeof name, name, &configuration);
        if (filter >= 0 && H5Zfilter_avail(filter) <= 0)
            return std::string("is compressed in a way that cannot be read here (") +
                   (name[0] ? std::string(name) : "filter " + std::to_string(filter)) + ")";
    }
    return {};
}

} // namespace

struct Hdf5File::Data {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    hid_t file = -1;

    Data() = default;
    Data(const Data&) = delete;
    Data& operator=(const Data&) = delete;
    ~Data() {
        const Turn turn;
        if (file >= 0) H5Fclose(file);
    }

    struct Opened {
        Handle dataset, space;
        std::vector<std::uint64_t> shape;
        std::uint64_t values = 1;
    };
    [[nodiscard]] Failure failure(std::string what, std::string hint = {}) const {
        return badInput(std::move(what), path.string(), std::move(hint));
    }
    [[nodiscard]] Result<Opened> dataset(const std::string& name) const;
    /// Asked before texts of variable length are read; looked at once.
    [[nodiscard]] bool heapsAreSound() const;

  private:
    mutable std::optional<bool> heaps_;
};

bool Hdf5File::Data::heapsAreSound() const {
    if (heaps_) return *heaps_;
    const Handle list(H5Fget_create_plist(file), H5Pclose);
    std::size_t addressBytes = 0, lengthBytes = 0;
    heaps_ = H5Pget_sizes(list.get(), &addressBytes, &lengthBytes) >= 0 && lengthBytes >= 2 &&
             lengthBytes <= 8 && globalHeapsAreSound(path, lengthBytes);
    return *heaps_;
}

Result<Hdf5File::Data::Opened> Hdf5File::Data::dataset(const std::string& name) const {
    if (!isKind(file, name, H5I_DATASET))
        return failure("this file has no \"" + name + "\"", "It may be of another form, or damaged");
    Opened opened{{H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose}, {-1, H5Sclose}, {}, 1};
    if (!opened.dataset) return failure("\"" + name + "\" in this file cannot be read", copyAgain);
    if (const std::string problem = storageProblem(opened.dataset.get()); !problem.empty())
        return failure("\"" + name + "\" in this file " + problem,
                       "Save it once with h5py or anndata in the usual form (gzip or no compression)");
    Handle space(H5Dget_space(opened.dataset.get()), H5Sclose);
    const Handle type(H5Dget_type(opened.dataset.get()), H5Tclose);
    const int dimensions = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
    if (dimensions < 0 || !type) return failure("\"" + name + "\" in this file cannot be read", copyAgain);
    std::vector<hsize_t> extent(static_cast<std::size_t>(dimensions));
    H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
    const std::uint64_t width = std::max<std::uint64_t>(H5Tget_size(type.get()), 1);
    const std::uint64_t most = (bytes * bestCompression + (1u << 16)) / width;
    for (const hsize_t n : extent) {
        if (n > 0 && opened.values > most / n)
            return failure("\"" + name + "\" claims more values than this file can hold", copyAgain);
        opened.values *= n;
        opened.shape.push_back(n);
    }
    return Opened{std::move(opened.dataset), std::move(space), std::move(opened.shape), opened.values};
}

Hdf5File::Hdf5File(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Result<Hdf5File> Hdf5File::open(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    const Turn turn;
    auto data = std::make_shared<Data>();
    data->path = path;
    std::error_code problem;
    data->bytes = std::filesystem::file_size(path, problem);
    const bool isHdf5 = H5Fis_hdf5(path.c_str()) > 0;
    if (isHdf5) data->file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (data->file < 0)
        return badInput(isHdf5 ? "this HDF5 file ends too early or is damaged" : "this is not an HDF5 file",
                        path.string(), copyAgain);
    return Hdf5File(std::move(data));
}

bool Hdf5File::hasGroup(const std::string& path) const {
    const Turn turn;
    return isKind(data_->file, path, H5I_GROUP);
}

bool Hdf5File::hasDataset(const std::string& path) const {
    const Turn turn;
    return isKind(data_->file, path, H5I_DATASET);
}

std::vector<std::string> Hdf5File::members(const std::string& group) const {
    const Turn turn;
    std::vector<std::string> names;
    const auto opened = openObject(data_->file, group);
    H5G_info_t info;
    if (!opened || H5Gget_info(opened->get(), &info) < 0) return names;
    for (hsize_t i = 0; i < info.nlinks && i < mostMembers; ++i) {
        char name[1024] = {};
        if (H5Lget_name_by_idx(opened->get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name,
                               H5P_DEFAULT) > 0)
            names.emplace_back(name);
    }
    return names;
}

Result<std::vector<std::uint64_t>> Hdf5File::shape(const std::string& dataset) const {
    const Turn turn;
    auto opened = data_->dataset(dataset);
    if (!opened) return Failure(opened.error());
    return std::move(opened->shape);
}

Result<std::vector<double>> Hdf5File::numbers(const std::string& dataset) const {
    const auto extent = shape(dataset);
    if (!extent) return Failure(extent.error());
    return numbers(dataset, 0, extent->empty() ? 1 : extent->front());
}

Result<std::vector<double>> Hdf5File::numbers(const std::string& dataset, std::uint64_t from,
                                              std::uint64_t count) const {
    const Turn turn;
    const auto opened = data_->dataset(dataset);
    if (!opened) return Failure(opened.error());
    const Handle type(H5Dget_type(opened->dataset.get()), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)
        return failure("\"" + dataset + "\" in this file holds no numbers");
    const std::uint64_t first = opened->shape.empty() ? 1 : opened->shape.front();
    if (from > first || count > first - from)
        return failure("\"" + dataset + "\" in this file is shorter than it should be", copyAgain);
    const std::uint64_t wanted = first == 0 ? 0 : opened->values / first * count;
    if (wanted > mostNumbers) return failure("\"" + dataset + "\" in this file is larger than it can be");
    std::vector<double> values(wanted);
    if (values.empty()) return values;
    std::vector<hsize_t> start(opened->shape.size(), 0), extent(opened->shape.begin(), opened->shape.end());
    hid_t part = H5S_ALL;
    const Handle memory(H5Screate_simple(1, std::vector<hsize_t>{values.size()}.data(), nullptr), H5Sclose);
    if (!start.empty()) {
        start[0] = from;
        extent[0] = count;
        part = opened->space.get();
        if (H5Sselect_hyperslab(part, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) < 0)
            return failure("\"" + dataset + "\" in this file cannot be read", copyAgain);
    }
    if (H5Dread(opened->dataset.get(), H5T_NATIVE_DOUBLE, part == H5S_ALL ? H5S_ALL : memory.get(), part,
                H5P_DEFAULT, values.data()) < 0)
        return failure("\"" + dataset + "\" in this file is damaged or ends too early", copyAgain);
    return values;
}

Result<std::vector<std::string>> Hdf5File::texts(const std::string& dataset) const {
    const Turn turn;
    const auto opened = data_->dataset(dataset);
    if (!opened) return Failure(opened.error());
    const auto damaged = [&] {
        return failure("\"" + dataset + "\" in this file is damaged or ends too early", copyAgain);
    };
    const Handle type(H5Dget_type(opened->dataset.get()), H5Tclose);
    const hid_t source = opened->dataset.get();
    if (opened->values > mostTexts)
        return failure("\"" + dataset + "\" in this file is larger than it can be");
    std::vector<std::string> out;
    out.reserve(opened->values);
    if (H5Tget_class(type.get()) == H5T_INTEGER) {
        std::vector<std::int64_t> values(opened->values);
        if (H5Dread(source, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
            return damaged();
        for (const auto value : values)
            out.push_back(std::to_string(value));
        return out;
    }
    if (H5Tget_class(type.get()) != H5T_STRING)
        return failure("\"" + dataset + "\" in this file holds no texts");
    if (H5Tis_variable_str(type.get()) > 0) {
        if (!data_->heapsAreSound()) return damaged();
        const Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
        H5Tset_size(memory.get(), H5T_VARIABLE);
        H5Tset_cset(memory.get(), H5Tget_cset(type.get()));
        Texts read(memory.get(), opened->space.get(), opened->values);
        if (H5Dread(source, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, read.pointers.data()) < 0)
            return damaged();
        for (const char* text : read.pointers)
            out.emplace_back(text ? text : "");
        return out;
    }
    const std::size_t width = H5Tget_size(type.get());
    std::string buffer(width * opened->values, '\0');
    if (H5Dread(source, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) return damaged();
    for (std::size_t i = 0; i < opened->values; ++i) {
        std::string text = buffer.substr(i * width, width);
        text.resize(std::min(text.find('\0'), text.size()));
        while (text.ends_with(' '))
            text.pop_back();
        out.push_back(std::move(text));
    }
    return out;
}

std::optional<std::string> Hdf5File::textAttribute(const std::string& object, const std::string& name) const {
    const Turn turn;
    const auto opened = openObject(data_->file, object);
    if (!opened || H5Aexists(opened->get(), name.c_str()) <= 0) return std::nullopt;
    const Handle attribute(H5Aopen(opened->get(), name.c_str(), H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(attribute.get()), H5Tclose), space(H5Aget_space(attribute.get()), H5Sclose);
    if (!attribute || H5Tget_class(type.get()) != H5T_STRING ||
        H5Sget_simple_extent_npoints(space.get()) != 1)
        return std::nullopt;
    if (H5Tis_variable_str(type.get()) > 0) {
        if (!data_->heapsAreSound()) return std::nullopt;
        const Handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
        H5Tset_size(memory.get(), H5T_VARIABLE);
        H5Tset_cset(memory.get(), H5Tget_cset(type.get()));
        Texts read(memory.get(), space.get(), 1);
        if (H5Aread(attribute.get(), memory.get(), read.pointers.data()) < 0 || !read.pointers[0])
            return std::nullopt;
        return std::string(read.pointers[0]);
    }
    std::string text(H5Tget_size(type.get()), '\0');
    if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return std::nullopt;
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

std::vector<double> Hdf5File::numberAttribute(const std::string& object, const std::string& name) const {
    constexpr hssize_t most = 64;
    const Turn turn;
    const auto opened = openObject(data_->file, object);
    if (!opened || H5Aexists(opened->get(), name.c_str()) <= 0) return {};
    const Handle attribute(H5Aopen(opened->get(), name.c_str(), H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(attribute.get()), H5Tclose), space(H5Aget_space(attribute.get()), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    const H5T_class_t kind = H5Tget_class(type.get());
    if (!attribute || count < 1 || count > most || (kind != H5T_INTEGER && kind != H5T_FLOAT)) return {};
    std::vector<double> values(static_cast<std::size_t>(count));
    if (H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, values.data()) < 0) return {};
    return values;
}

Failure Hdf5File::failure(std::string what, std::string hint) const {
    return data_->failure(std::move(what), std::move(hint));
}

const std::filesystem::path& Hdf5File::path() const {
    return data_->path;
}

} // namespace spotglass
