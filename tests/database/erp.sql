-- A home-grown ERP: its own names, padded texts, moments with a time zone, nulls, and a column that nobody maps.
create schema fibu;
create table fibu.mandant (nr char(4) primary key, bezeichnung varchar(80), waehrung char(3), land char(2), wj_monat smallint, wj_tag smallint);
create table fibu.konto (
    nummer char(8) primary key, mandant char(4), bezeichnung varchar(80), klasse char(1), art varchar(30), rolle varchar(30),
    fremdwaehrung char(3), gesperrt char(1), bemerkung text
);
create table fibu.periode (mandant char(4), jahr smallint, nr smallint, beginn date, ende date, zu boolean);
create table fibu."Buchung" (
    lfd_nr bigint primary key, beleg varchar(60), pos smallint, mandant char(4), buchungstag date, erfasst_am timestamptz,
    geaendert_am timestamptz, konto char(8), soll numeric(18, 2), haben numeric(18, 2), betrag_fw numeric(18, 2), fw char(3),
    art varchar(30), quelle varchar(60), partner varchar(40), partner_art char(1), konzern char(4), kostenstelle varchar(20),
    kampagne varchar(40), artikel varchar(40), steuer varchar(20), buchungstext text, erfasser varchar(20), storno_von varchar(60),
    original bytea
);
create table fibu.rechnung (
    id varchar(60) primary key, nummer varchar(40), art char(2), mandant char(4), partner varchar(40), datum date, faellig date,
    waehrung char(3), kurs numeric, gesamt numeric(18, 2), offen numeric(18, 2), stand varchar(20)
);
create table fibu.zahlung (
    lfd bigint primary key, id varchar(60), rechnung varchar(60), tag date, betrag numeric(18, 2), waehrung char(3), kurs numeric,
    betrag_hw numeric(18, 2), konto char(8), verwendungszweck text
);
create table fibu.partner (
    id varchar(40) primary key, art char(1), name varchar(200), mail varchar(200), strasse varchar(200), plz varchar(20), ort varchar(100),
    land char(2), ust_id varchar(40), konzern char(4), geaendert_am timestamp
);
create table fibu.kurs (tag date, waehrung char(3), je_euro numeric(18, 9), primary key (tag, waehrung));
create table fibu.plan (plan varchar(60), konto char(8), kostenstelle varchar(20), monat date, betrag numeric(18, 2));
create table fibu.geloescht (beleg varchar(60) primary key, am timestamptz);
create role leser login password :'reader';
create role schreiber login password :'writer';
grant usage on schema fibu to leser, schreiber;
grant select on all tables in schema fibu to leser, schreiber;
grant insert on fibu.zahlung to schreiber;
