#pragma once

#include "training/cohort/LegacyCohort.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QTest>
#include <string>
#include <zlib.h>

/// Small cohorts in the legacy layout, written by the tests themselves.
namespace cohorttest {
namespace fs = std::filesystem;

/// `text` as one gzip member.
inline std::string gzipped(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

inline const std::string spotHeader = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n";

/// Four spots on a square of 290 pixels, and counts of three genes for them.
inline const std::string goodSpots = spotHeader + "4\t5\t4.1\t5\t1000.5\t2000.25\t1\n"
                                                  "5\t5\t5\t5\t1290.5\t2000.25\t1\n"
                                                  "4\t6\t4\t6\t1000.5\t2290.25\t1\n"
                                                  "5\t6\t5\t6\t1290.5\t2290.25\t1\n";
inline const std::string goodCounts = "\tFN1\tERBB2\tACTB\n"
                                      "5x6\t1\t0\t3\n"
                                      "4x5\t0\t7\t2\n"
                                      "5x5\t4\t0\t0\n"
                                      "4x6\t0\t0\t9\n";

/// A folder that goes with the test.
class CohortFolder {
  public:
    [[nodiscard]] fs::path path() const { return fs::path(dir_.path().toStdString()); }

    void write(const std::string& relative, const std::string& content) const {
        const auto written = spotglass::writeFileAtomically(path() / relative, content);
        QVERIFY2(written.has_value(), relative.c_str());
    }

    /// A whole section; counts go to NAME.tsv, plain.
    void section(const std::string& name, const std::string& counts = goodCounts,
                 const std::string& spots = goodSpots) const {
        write("ST-imgs/" + name + ".jpg", "not looked at here");
        write("ST-cnts/" + name + ".tsv", counts);
        write("ST-spotfiles/" + name + "_selection.tsv", spots);
    }

  private:
    QTemporaryDir dir_;
};

inline QString qs(const std::string& text) {
    return QString::fromStdString(text);
}

inline QString asQString(const QString& text) {
    return text;
}
inline QString asQString(const char* text) {
    return QString::fromUtf8(text);
}

/// The sentence of a failure; empty for a success.
template <typename T> QString sentence(const spotglass::Result<T>& result) {
    return result ? QString() : qs(result.error().sentence());
}

/// Checks that a result is a BadInput whose sentence names `file` and has `says` in it.
#define VERIFY_BAD_INPUT(result, file, says)                                                                 \
    do {                                                                                                     \
        const auto& checked = (result);                                                                      \
        QVERIFY2(!checked.has_value(), "accepted, but must be refused");                                     \
        QCOMPARE(checked.error().exitCode(), 3);                                                             \
        const QString got = cohorttest::sentence(checked);                                                   \
        QVERIFY2(got.contains(cohorttest::asQString(file)), qPrintable(got));                                \
        QVERIFY2(got.contains(cohorttest::asQString(says)), qPrintable(got));                                \
    } while (false)

} // namespace cohorttest
