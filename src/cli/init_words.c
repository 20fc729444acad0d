/*
 * The words by which `evenhand init` recognises what a column is: names of columns and values, in English, German, French, Spanish,
 * Italian, Dutch, Portuguese and Polish. Tokens are compared in lower case and without accents (see eh_init_tokens).
 */
#include "cli/init_int.h"

const eh_init_name_rule eh_init_names[] = {
    {"gender", false, "|gender|sex|geschlecht|anrede|sexe|genre|civilite|genero|sexo|tratamiento|sesso|genere|geslacht|aanhef|tratamento|plec|salutation|", "|"},
    {"age", false, "|age|alter|edad|eta|leeftijd|idade|wiek|", "|agegroup|ageband|altersgruppe|leeftijdsgroep|"},
    {"birth", false, "|birth|birthdate|birthday|dob|birthyear|yob|naissance|nacimiento|nascita|geboorte|nascimento|urodzenia|urodzin|", "|geburts|geboorte|"},
    {"race", true, "|race|ethnicity|ethnic|ethnie|rasse|raza|etnia|razza|etniciteit|raca|rasa|hispanic|latino|latinx|", "|ethnic|ethnisch|"},
    {"religion", true, "|religion|religione|godsdienst|religiao|religia|konfession|wyznanie|confession|faith|", "|"},
    {"disability", true, "|disability|disabled|behinderung|handicap|discapacidad|disabilita|beperking|deficiencia|niepelnosprawnosc|wheelchair|", "|schwerbehind|"},
    {"health", true, "|health|illness|diabetes|pregnant|pregnancy|gesundheit|krankheit|sante|maladie|salud|enfermedad|salute|malattia|gezondheid|ziekte|saude|doenca|zdrowie|choroba|cigarettes|marijuana|alcohol|",
     "|"},
    {"orientation", true, "|orientation|orientierung|orientacion|orientamento|orientacao|orientacja|sexuality|", "|sexual|"},
    {"politics", true, "|politics|political|party|partei|politique|politica|politico|partij|polityka|", "|"},
    {"nationality", false, "|nationality|citizenship|nationalitat|staatsangehorigkeit|nationalite|nacionalidad|nazionalita|cittadinanza|nationaliteit|nacionalidade|narodowosc|obywatelstwo|",
     "|nationalit|staatsange|"},
    {"marital_status", false, "|marital|familienstand|civilstatus|", "|marital|familienstand|"},
};
const size_t eh_init_names_count = sizeof eh_init_names / sizeof eh_init_names[0];

#define NEUTRAL "|other|unknown|unbekannt|none|prefer not to say|keine angabe|autre|otro|altro|anders|outro|inne|x|d|divers|diverse|non binary|nonbinary|nan|"

const eh_init_value_rule eh_init_values[] = {
    {"gender", false, 2,
     "|f|m|w|v|k|h|female|male|woman|man|women|men|girl|boy|weiblich|mannlich|frau|herr|homme|femme|mme|monsieur|madame|mujer|hombre|varon|senor|senora|"
     "donna|uomo|maschio|femmina|signor|signora|vrouw|vrouwelijk|mannelijk|meneer|mevrouw|feminino|masculino|femenino|mulher|homem|kobieta|mezczyzna|pani|pan|mr|mrs|ms|",
     "|", NEUTRAL},
    {"race", true, 2,
     "|white|black|asian|hispanic|latino|caucasian|native american|pacific islander|multiracial|african american|asian pac islander|amer indian eskimo|"
     "white or caucasian|black or african american|two or more races|",
     "|african american|caucasian|pacific islander|alaska native|american indian|hispanic|", NEUTRAL "mixed|"},
    {"religion", true, 2, "|christian|catholic|protestant|muslim|jewish|hindu|buddhist|atheist|orthodox|sikh|christlich|katholisch|evangelisch|muslimisch|judisch|konfessionslos|catholique|musulman|juif|",
     "|", NEUTRAL},
    {"orientation", true, 2, "|heterosexual|straight|gay|lesbian|bisexual|homosexual|queer|asexual|lgbtq|lgbtq+|", "|heterosexual|lgbt|", NEUTRAL},
    {"marital_status", false, 2,
     "|married|single|divorced|widowed|separated|unmarried|never married|verheiratet|ledig|geschieden|verwitwet|marie|celibataire|divorce|veuf|casado|soltero|divorciado|viudo|"
     "sposato|celibe|divorziato|vedovo|gehuwd|ongehuwd|gescheiden|solteiro|viuvo|zonaty|zamezna|kawaler|panna|rozwiedziony|married civ spouse|married spouse absent|married af spouse|",
     "|", NEUTRAL},
};
const size_t eh_init_values_count = sizeof eh_init_values / sizeof eh_init_values[0];

const char eh_init_person_words[] = "|customer|cust|client|clients|customers|user|member|household|person|people|subscriber|contact|profile|account|respondent|response|responseid|visitor|buyer|shopper|"
                                    "kunde|kunden|kundennummer|kundennr|mitglied|nutzer|cliente|clientes|utilisateur|usuario|utente|klant|klantnummer|gebruiker|utilizador|klient|klienta|uzytkownik|";
const char eh_init_id_words[] = "|id|ids|nr|no|num|number|nummer|numero|numer|code|uuid|guid|key|ref|email|mail|kundennummer|kundennr|klantnummer|responseid|";
const char eh_init_outcome_words[] = "|outcome|converted|conversion|purchase|purchased|bought|buy|visit|visited|click|clicked|clicks|response|responded|subscribed|subscribe|churn|churned|target|label|y|"
                                     "revenue|redeemed|opened|open|spend|spent|kauf|gekauft|kaufte|umsatz|reagiert|achat|achete|reponse|compra|comprado|compro|ingresos|respuesta|acquisto|acquistato|"
                                     "risposta|ricavo|aankoop|gekocht|omzet|comprou|resposta|receita|zakup|kupil|kupila|odpowiedz|przychod|repurchase|repurchased|converteu|";
const char eh_init_amount_words[] = "|amount|price|value|total|sales|sale|spend|spent|revenue|quantity|qty|cost|dollar|betrag|preis|menge|umsatz|summe|montant|prix|quantite|importe|precio|cantidad|importo|prezzo|"
                                    "quantita|bedrag|prijs|aantal|valor|preco|quantidade|kwota|cena|ilosc|";
const char eh_init_arm_words[] = "|segment|arm|treatment|variant|bucket|testgroup|experiment|cohort|offer|";
const char eh_init_joined_words[] = "|joined|created|signup|registered|registration|since|recordeddate|anmeldung|registriert|registrierung|inscription|inscrit|alta|registro|iscrizione|registrato|"
                                    "aanmelding|geregistreerd|cadastro|rejestracja|rejestracji|";
