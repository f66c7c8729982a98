#include "inference/model/DkanConfig.h"

#include <nlohmann/json.hpp>
#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

Result<DkanConfig> parsed(const char* keys) {
    Json json{{"emb_dim", 16}, {"emb_dim_text", 12}};
    for (const char* suffix : {"1", "2", "3", "_img", "_exp", "_text"})
        json[std::string("num_heads") + suffix] = 2;
    json.update(Json::parse(keys));
    return parseDkanConfig(json, "model.json");
}

} // namespace

/// The switches of the configuration: what they may say, and how they go into a model's card and back.
class TestDkanConfig : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void switchesAreInTheCard() {
        const auto c = *parsed(
            R"({"levels": ["patch", "slide"], "fusion": "concat", "gene_text": false, "text_role": "key_value",
                "contrastive": false})");
        const auto json = toJson(c);
        QCOMPARE(json["levels"], (Json{"slide", "patch"}));
        QCOMPARE(json["fusion"], "concat");
        QCOMPARE(json["gene_text"], false);
        QCOMPARE(json["text_role"], "key_value");
        QCOMPARE(json["contrastive"], false);
        QVERIFY(*parseDkanConfig(json, "again") == c);
        QVERIFY(*parsed(R"({"levels": ["slide", "region", "patch"], "fusion": "cross_attention",
                            "gene_text": true, "text_role": "query", "contrastive": true})") ==
                *parsed("{}"));
    }
    void aDesignDecidesItsSwitches() {
        const auto plain = *parsed(R"({"design": "stnet"})");
        QCOMPARE(toJson(plain)["levels"], (Json{"patch"}));
        QVERIFY(!plain.geneText && !plain.contrastive);
        QVERIFY(*parseDkanConfig(toJson(plain), "again") == plain);
        const auto image = *parsed(R"({"design": "image_only", "gene_text": false, "contrastive": false})");
        QVERIFY(image == *parsed(R"({"design": "image_only"})"));
        QVERIFY(*parseDkanConfig(toJson(image), "again") == image);
    }
    void whatIsOffNeedNotFit() {
        QVERIFY(!parsed(R"({"num_heads2": 3})"));
        QVERIFY(parsed(R"({"num_heads2": 3, "levels": ["region", "patch"]})").has_value());
        QVERIFY(!parsed(R"({"num_heads_exp": 3})"));
        QVERIFY(parsed(R"({"num_heads_exp": 3, "contrastive": false})").has_value());
        QVERIFY(!parsed(R"({"num_heads_text": 5})"));
        QVERIFY(parsed(R"({"num_heads_text": 5, "gene_text": false})").has_value());
        QVERIFY(!parsed(R"({"num_heads1": 3, "fusion": "sum_transformer"})"));
        QVERIFY(parsed(R"({"num_heads1": 3, "fusion": "sum"})").has_value());
    }
    void badValuesAreNamedWithWhatMayBe_data() {
        QTest::addColumn<QByteArray>("keys");
        QTest::addColumn<QByteArray>("words");
        const QByteArray levels(
            "levels should be a list of one or more of slide, region and patch, each once"),
            fusion("fusion should be cross_attention, sum_transformer, concat_transformer, sum or concat"),
            role("text_role should be query or key_value");
        for (const char* value : {R"([])", R"("slide")", R"(["slide", "spot"])", R"(["slide", "slide"])",
                                  R"([1])", R"({"slide": true})", "null", "7"})
            QTest::addRow("levels %s", value) << QByteArray(R"({"levels": )") + value + "}" << levels;
        for (const char* value : {R"("add")", "true", "null"})
            QTest::addRow("fusion %s", value) << QByteArray(R"({"fusion": )") + value + "}" << fusion;
        for (const char* value : {R"("keys")", "1"})
            QTest::addRow("text_role %s", value) << QByteArray(R"({"text_role": )") + value + "}" << role;
        QTest::newRow("design") << QByteArray(R"({"design": "triplex"})")
                                << QByteArray("design should be dkan, image_only or stnet");
        QTest::newRow("text without genes")
            << QByteArray(R"({"design": "image_only", "gene_text": true})")
            << QByteArray("gene_text should be left out or false where design is image_only");
        QTest::newRow("keys without genes")
            << QByteArray(R"({"design": "image_only", "text_role": "key_value"})")
            << QByteArray("text_role should be left out or query where design is image_only");
        QTest::newRow("contrast without genes")
            << QByteArray(R"({"design": "stnet", "contrastive": true})")
            << QByteArray("contrastive should be left out or false where design is stnet");
        QTest::newRow("levels of ST-Net")
            << QByteArray(R"({"design": "stnet", "levels": ["slide", "patch"]})")
            << QByteArray("levels should be left out or patch alone where design is stnet");
        QTest::newRow("gene_text") << QByteArray(R"({"gene_text": "no"})")
                                   << QByteArray("gene_text should be true or false");
        QTest::newRow("contrastive") << QByteArray(R"({"contrastive": 0})")
                                     << QByteArray("contrastive should be true or false");
        QTest::newRow("patch encoder") << QByteArray(R"({"target_encoder_name": "resnet34"})")
                                       << QByteArray("target_encoder_name should be resnet18 or resnet50");
    }
    void badValuesAreNamedWithWhatMayBe() {
        QFETCH(QByteArray, keys);
        QFETCH(QByteArray, words);
        const auto config = parsed(keys.constData());
        QVERIFY(!config);
        QCOMPARE(config.error().exitCode(), 3);
        const auto sentence = config.error().sentence();
        QVERIFY2(sentence.find("model.json: the model configuration's " + words.toStdString()) == 0,
                 sentence.c_str());
    }
};

QTEST_GUILESS_MAIN(TestDkanConfig)
#include "TestDkanConfig.moc"
