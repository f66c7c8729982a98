#pragma once

#include <cstdint>
#include <filesystem>
#include <hdf5.h>
#include <string>
#include <vector>

/// Small HDF5 files, written by the tests themselves.
namespace cohorttest {

class Hdf5Writer {
  public:
    explicit Hdf5Writer(const std::filesystem::path& path)
        : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
    Hdf5Writer(const Hdf5Writer&) = delete;
    Hdf5Writer& operator=(const Hdf5Writer&) = delete;
    ~Hdf5Writer() { H5Fclose(file_); }

    void group(const std::string& path) const {
        H5Gclose(H5Gcreate2(file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    /// One-dimensional unless `extent` says otherwise; whole numbers are kept as 32-bit integers.
    void numbers(const std::string& path, const std::vector<double>& values, std::vector<hsize_t> extent = {},
                 hid_t kept = H5T_STD_I32LE) const {
        if (extent.empty()) extent = {values.size()};
        const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
        const hid_t set = H5Dcreate2(file_, path.c_str(), kept, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
        H5Dclose(set);
        H5Sclose(space);
    }
    void decimals(const std::string& path, const std::vector<double>& values,
                  std::vector<hsize_t> extent = {}) const {
        numbers(path, values, std::move(extent), H5T_IEEE_F32LE);
    }
    /// A dataset that claims an extent, and of which nothing is written.
    void claim(const std::string& path, std::vector<hsize_t> extent) const {
        const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
        const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
        const std::vector<hsize_t> chunk(extent.size(), 16);
        H5Pset_chunk(list, static_cast<int>(chunk.size()), chunk.data());
        H5Dclose(H5Dcreate2(file_, path.c_str(), H5T_STD_I32LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
        H5Pclose(list);
        H5Sclose(space);
    }
    /// Texts of variable length, or of `width` bytes.
    void texts(const std::string& path, const std::vector<std::string>& values, std::size_t width = 0) const {
        const hid_t type = textType(width == 0 ? H5T_VARIABLE : width);
        const hsize_t count = values.size();
        const hid_t space = H5Screate_simple(1, &count, nullptr);
        const hid_t set = H5Dcreate2(file_, path.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        std::vector<const char*> pointers;
        std::string fixed;
        for (const std::string& value : values) {
            pointers.push_back(value.c_str());
            fixed += value + std::string(width > value.size() ? width - value.size() : 0, '\0');
        }
        H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                 width == 0 ? static_cast<const void*>(pointers.data()) : fixed.data());
        H5Dclose(set);
        H5Sclose(space);
        H5Tclose(type);
    }
    void attribute(const std::string& object, const std::string& name, const std::string& value) const {
        const hid_t on = H5Oopen(file_, object.c_str(), H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
        const hid_t type = textType(H5T_VARIABLE);
        const hid_t to = H5Acreate2(on, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
        const char* text = value.c_str();
        H5Awrite(to, type, &text);
        H5Aclose(to);
        H5Tclose(type);
        H5Sclose(space);
        H5Oclose(on);
    }
    void numberAttribute(const std::string& object, const std::string& name,
                         const std::vector<std::int64_t>& values) const {
        const hsize_t count = values.size();
        const hid_t on = H5Oopen(file_, object.c_str(), H5P_DEFAULT);
        const hid_t space = H5Screate_simple(1, &count, nullptr);
        const hid_t to = H5Acreate2(on, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
        H5Awrite(to, H5T_NATIVE_INT64, values.data());
        H5Aclose(to);
        H5Sclose(space);
        H5Oclose(on);
    }
    void linkTo(const std::string& path, const std::string& otherFile, const std::string& object) const {
        H5Lcreate_external(otherFile.c_str(), object.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    }

  private:
    static hid_t textType(std::size_t width) {
        const hid_t type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, width);
        H5Tset_cset(type, H5T_CSET_UTF8);
        return type;
    }
    hid_t file_;
};

} // namespace cohorttest
