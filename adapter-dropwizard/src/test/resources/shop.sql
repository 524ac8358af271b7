--liquibase formatted sql

--changeset shop:1
create table item (name text primary key);
