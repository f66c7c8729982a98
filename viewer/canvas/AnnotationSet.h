#pragma once

#include "viewer/base/Annotation.h"
#include "viewer/canvas/AnnotationIndex.h"
#include "viewer/canvas/OutlineLevels.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spotglass {

/// Annotations together with what is needed to draw and to find them quickly. An immutable snapshot, shared
/// between threads. All frames are level-0 pixels; annotations are known by their place, their `number`.
class AnnotationSet {
  public:
    /// Builds a snapshot. Any thread; blocks (about half a second for 100,000 nuclei), so not the GUI thread
    /// where there are many. Coordinates must be finite, and are meant for slides: beyond some 1e8 pixels the
    /// picture is not exact. Annotations without geometry are left out.
    [[nodiscard]] static std::shared_ptr<const AnnotationSet> of(std::vector<Annotation> annotations);
    AnnotationSet(const AnnotationSet&) = delete;
    AnnotationSet& operator=(const AnnotationSet&) = delete;

    [[nodiscard]] const std::vector<Annotation>& annotations() const { return annotations_; }
    [[nodiscard]] std::size_t size() const { return annotations_.size(); }
    [[nodiscard]] const Level0Box& box(std::uint32_t number) const { return boxes_[number]; }
    /// Its area in square level-0 pixels; 0 for lines and points.
    [[nodiscard]] double area(std::uint32_t number) const { return areas_[number]; }
    /// What drawing needs to know of an annotation, in a place of its own: reading it from the annotation
    /// itself would take longer than drawing a dot.
    struct Look {
        Rgb color;
        bool hasArea : 1, hasPoints : 1;
    };
    [[nodiscard]] Look look(std::uint32_t number) const { return looks_[number]; }
    [[nodiscard]] const AnnotationIndex& index() const { return index_; }
    [[nodiscard]] const OutlineLevels& outlines() const { return outlines_; }
    /// The number of the annotation with that id.
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view id) const;

    /// What a click at `point` means: the smallest area that holds it, but before all areas a line or a point
    /// not farther than `tolerance`. Of equals the last one, which is drawn on top.
    [[nodiscard]] std::optional<std::uint32_t> at(Level0Point point, double tolerance) const;
    /// Whether `point` is within an odd number of the annotation's rings.
    [[nodiscard]] bool contains(std::uint32_t number, Level0Point point) const;
    /// Whether one of the annotation's lines or points is not farther than `tolerance`.
    [[nodiscard]] bool isNear(std::uint32_t number, Level0Point point, double tolerance) const;

    /// Shown where neither an annotation nor its class has a colour.
    static constexpr Rgb plainColor{220, 30, 30};

  private:
    explicit AnnotationSet(std::vector<Annotation> annotations);

    std::vector<Annotation> annotations_;
    std::vector<Level0Box> boxes_;
    std::vector<double> areas_;
    std::vector<Look> looks_;
    std::unordered_map<std::string_view, std::uint32_t> numbers_; ///< by id
    AnnotationIndex index_;
    OutlineLevels outlines_;
};

} // namespace spotglass
