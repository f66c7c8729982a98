#pragma once

#include "CohortFiles.h"
#include "Hdf5Writer.h"

/// Small sections of Visium, written by the tests themselves.
namespace cohorttest {

/// What a made-up 10x matrix holds; as the good one unless a test changes it.
struct TenxParts {
    std::vector<std::string> barcodes = {"AAA-1", "CCC-1", "GGG-1", "TTT-1"};
    std::vector<std::string> ids = {"ENSG00000115414", "ENSG00000141736", "ENSG00000075624", "CD3"};
    std::vector<std::string> symbols = {"FN1", "ERBB2", "ACTB", "CD3_TotalSeq"};
    std::vector<std::string> types = {"Gene Expression", "Gene Expression", "Gene Expression",
                                      "Antibody Capture"};
    // AAA: FN1 1, ACTB 2. CCC: ERBB2 3. GGG: nothing. TTT: ACTB 4, FN1 5 (in this order), CD3 9.
    std::vector<double> data = {1, 2, 3, 4, 5, 9}, indices = {0, 2, 1, 2, 0, 3}, indptr = {0, 2, 3, 3, 6};
};

inline void writeTenxHdf5(const fs::path& path, const TenxParts& parts = {}) {
    const Hdf5Writer file(path);
    file.group("matrix");
    file.group("matrix/features");
    file.texts("matrix/barcodes", parts.barcodes, 8);
    file.texts("matrix/features/id", parts.ids, 24);
    file.texts("matrix/features/name", parts.symbols);
    file.texts("matrix/features/feature_type", parts.types);
    file.decimals("matrix/data", parts.data);
    file.numbers("matrix/indices", parts.indices);
    file.numbers("matrix/indptr", parts.indptr, {}, H5T_STD_I64LE);
}

/// Row, column and pixels of four spots: AAA and CCC beside each other, GGG below between them, TTT off
/// tissue.
inline const std::string goodPositions = "AAA-1,1,2,4,1000,2000\n"
                                         "CCC-1,1,2,6,1000,2100.5\n"
                                         "GGG-1,1,3,5,1086.6,2050\n"
                                         "TTT-1,0,3,7,1086.6,2150\n";
inline const std::string positionHeader =
    "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n";
inline const std::string goodScaleFactors =
    R"({"spot_diameter_fullres": 55, "tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.03})";

/// A Space Ranger output folder with an image (that is not looked at) in the section's folder.
inline void writeVisium(const CohortFolder& folder, const std::string& outs,
                        const std::string& positions = goodPositions, const TenxParts& parts = {}) {
    folder.write(outs + "/spatial/tissue_positions_list.csv", positions);
    folder.write(outs + "/spatial/scalefactors_json.json", goodScaleFactors);
    folder.write(outs + "/image.tif", "not looked at here");
    writeTenxHdf5(folder.path() / outs / "filtered_feature_bc_matrix.h5", parts);
}

} // namespace cohorttest
